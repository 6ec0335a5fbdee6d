//! TLS to `PostgreSQL`, set by `sslmode` and `sslrootcert` with the same meaning as in `libpq`.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How the connection is secured, in rising order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// No encryption.
    Disable,
    /// Encrypted if the server supports it; the server is not authenticated.
    #[default]
    Prefer,
    /// Encrypted; the server is not authenticated, unless a root certificate is given.
    Require,
    /// The server's certificate is signed by a trusted authority.
    VerifyCa,
    /// In addition, the certificate has the name in the address.
    VerifyFull,
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "disable" => Self::Disable,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => {
                return Err(format!(
                    "sslmode is `{text}`; it must be disable, prefer, require, verify-ca or verify-full"
                ));
            }
        })
    }
}

/// The certificate authorities that are trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Roots {
    /// Authorities that the system trusts.
    System,
    /// Authorities in a PEM file.
    File(PathBuf),
}

impl From<&str> for Roots {
    fn from(text: &str) -> Self {
        if text == "system" { Self::System } else { Self::File(text.into()) }
    }
}

/// Creates the TLS connector, and returns the mode that results.
///
/// # Errors
/// If the settings contradict each other, or there are no root certificates; the text says which.
pub fn connector(mode: Option<Mode>, roots: Option<&Roots>) -> Result<(Mode, MakeRustlsConnect), String> {
    let mode = match (mode, roots) {
        (None, Some(Roots::System)) => Mode::VerifyFull,
        // Anyone can get a certificate from some authority that the system trusts.
        (Some(Mode::VerifyCa), None | Some(Roots::System)) => {
            return Err("sslmode=verify-ca needs the file of your own certificate authority as sslrootcert: anybody \
                        can get a certificate of an authority that the system trusts"
                .to_owned());
        }
        (Some(mode), Some(Roots::System)) if mode < Mode::VerifyFull => {
            return Err(
                "sslrootcert=system needs sslmode=verify-full: a weaker mode would accept any server".to_owned()
            );
        }
        // As in libpq: a given root certificate is verified.
        (Some(Mode::Require), Some(Roots::File(_))) => Mode::VerifyCa,
        (mode, _) => mode.unwrap_or_default(),
    };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = if mode < Mode::VerifyCa {
        Arc::new(Anybody(Arc::clone(&provider)))
    } else {
        let roots = Arc::new(store(roots.unwrap_or(&Roots::System))?);
        let strict = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
        let strict = strict.map_err(|error| error.to_string())?;
        if mode == Mode::VerifyFull { strict } else { Arc::new(AnyName(strict)) }
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok((mode, MakeRustlsConnect::new(config)))
}

fn store(roots: &Roots) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    match roots {
        Roots::System => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if store.is_empty() {
                return Err("the system trusts no certificate authority; name one with sslrootcert".to_owned());
            }
        }
        Roots::File(path) => {
            let unreadable = |cause: String| format!("cannot read sslrootcert {}: {cause}", path.display());
            for root in CertificateDer::pem_file_iter(path).map_err(|error| unreadable(error.to_string()))? {
                let root = root.map_err(|error| unreadable(error.to_string()))?;
                store.add(root).map_err(|error| unreadable(error.to_string()))?;
            }
            if store.is_empty() {
                return Err(unreadable("it contains no certificate".to_owned()));
            }
        }
    }
    Ok(store)
}

/// Accepts any certificate; the server must prove that it has the key.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Accepts any certificate that a trusted authority has signed, whatever its name.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // The name is checked last: if only that fails, the certificate is valid.
        match self.0.verify_server_cert(certificate, between, name, ocsp, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contradictory_settings_are_refused() {
        let system = Some(&Roots::System);
        for (mode, roots) in [(Some(Mode::Require), system), (Some(Mode::Prefer), system), (Some(Mode::VerifyCa), None)]
        {
            assert!(connector(mode, roots).is_err(), "{mode:?}, {roots:?}");
        }
        let nowhere = Roots::File("/nowhere/root.crt".into());
        let error = connector(Some(Mode::VerifyFull), Some(&nowhere)).map(|_| ()).unwrap_err();
        assert!(error.contains("/nowhere/root.crt"), "{error}");
        assert_eq!(connector(None, None).map(|(mode, _)| mode), Ok(Mode::Prefer));
        assert!("allow".parse::<Mode>().is_err());
    }
}
