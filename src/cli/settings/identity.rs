use clap::Args;

use crate::auth::{
    self, Algorithm, Claim, CompanyOf, IdentityProviderSettings, JwksSource, Mapping, ScopeName, UserField,
};

/// An identity provider whose JSON web tokens are accepted, in addition to the server's own tokens.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Identity provider")]
pub struct IdentityArgs {
    /// The public keys of an identity provider, as a JSON web key set: a file, or an http or https address. The server
    /// reads them again every 10 minutes, and when a token names an unknown key, at most every 10 seconds. None by
    /// default.
    #[arg(long, env = "NOTEGRAPH_JWKS", value_name = "FILE|ADDRESS")]
    pub jwks: Option<JwksSource>,

    /// The issuer of its tokens: the exact value of the claim iss.
    #[arg(long, env = "NOTEGRAPH_JWT_ISSUER", value_name = "TEXT", requires = "jwks")]
    pub jwt_issuer: Option<String>,

    /// The audience of its tokens, which the claim aud must contain.
    #[arg(long, env = "NOTEGRAPH_JWT_AUDIENCE", value_name = "TEXT", requires = "jwks")]
    pub jwt_audience: Option<String>,

    /// The accepted signature algorithms of its tokens; repeat it, or separate by commas, for several.
    #[arg(
        long,
        env = "NOTEGRAPH_JWT_ALGORITHM",
        value_enum,
        value_name = "ALGORITHM",
        value_delimiter = ',',
        default_value = "RS256"
    )]
    pub jwt_algorithm: Vec<Algorithm>,

    /// The name of the company that all its users belong to.
    #[arg(long, env = "NOTEGRAPH_JWT_COMPANY", value_name = "NAME", conflicts_with = "jwt_company_claim")]
    pub jwt_company: Option<String>,

    /// The claim with the name of the user's company: a name, or a JSON pointer, as in /app/company.
    #[arg(long, env = "NOTEGRAPH_JWT_COMPANY_CLAIM", value_name = "CLAIM")]
    pub jwt_company_claim: Option<Claim>,

    /// The claim that identifies the user.
    #[arg(long, env = "NOTEGRAPH_JWT_USER_CLAIM", value_name = "CLAIM", default_value = "sub")]
    pub jwt_user_claim: Claim,

    /// The field of the user that this claim holds.
    #[arg(long, env = "NOTEGRAPH_JWT_USER_FIELD", value_enum, value_name = "FIELD", default_value = "external-key")]
    pub jwt_user_field: UserField,

    /// The claim with the scopes, as a string with spaces between them, or as a list.
    #[arg(long, env = "NOTEGRAPH_JWT_SCOPE_CLAIM", value_name = "CLAIM", default_value = "scope")]
    pub jwt_scope_claim: Claim,

    /// Maps the provider's name of a scope to a scope; repeat it, or separate by commas, for several.
    #[arg(
        long,
        env = "NOTEGRAPH_JWT_SCOPE",
        value_name = "NAME=SCOPE",
        value_delimiter = ',',
        default_value = "notes:read=READ,notes:write=WRITE,notes:confidential=CONFIDENTIAL,notes:admin=ADMIN"
    )]
    pub jwt_scope: Vec<ScopeName>,
}

impl IdentityArgs {
    /// The settings; `None` without an identity provider.
    ///
    /// # Errors
    /// Which setting of the provider is missing.
    pub fn settings(&self) -> Result<Option<IdentityProviderSettings>, String> {
        let Some(source) = self.jwks.clone() else { return Ok(None) };
        let missing = |what: &str| format!("--jwks requires {what}");
        let company = match (&self.jwt_company, &self.jwt_company_claim) {
            (Some(name), _) => CompanyOf::Named(name.clone()),
            (None, Some(claim)) => CompanyOf::Claimed(claim.clone()),
            (None, None) => return Err(missing("--jwt-company or --jwt-company-claim")),
        };
        Ok(Some(IdentityProviderSettings {
            source,
            refresh: auth::KeyRefreshPolicy::default(),
            issuer: self.jwt_issuer.clone().ok_or_else(|| missing("--jwt-issuer"))?,
            audience: self.jwt_audience.clone().ok_or_else(|| missing("--jwt-audience"))?,
            algorithms: self.jwt_algorithm.clone(),
            mapping: Mapping {
                company,
                user: self.jwt_user_claim.clone(),
                user_field: self.jwt_user_field,
                scopes: self.jwt_scope_claim.clone(),
                scope_names: self.jwt_scope.clone(),
            },
        }))
    }
}
