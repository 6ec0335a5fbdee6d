//! Invalid tokens are refused.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use notegraph::auth::KeyRefreshPolicy;
use notegraph::store::entity::user::UserStatus;
use serde_json::{Value, json};
use testkit::App;

use super::provider::{Pair, Provider};
use super::{ISSUER, LATER, VIEWER, ann, ask, claims, server, settings, status, with, without};

/// Forged, expired, confused and malformed tokens all get the same response, so nobody learns what was wrong.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
#[tokio::test]
async fn all_invalid_tokens_get_the_same_refusal() {
    let app = App::start().await;
    let user = ann(&app).await;
    let acme = app.company("Other").await;
    acme.user_with("gone", |user| {
        user.external_key = Some("idp|gone".to_owned());
        user.status = UserStatus::Inactive;
    })
    .await;
    let (rsa, es) = (Pair::new(Algorithm::RS256, "rsa"), Pair::new(Algorithm::ES256, "es"));
    let (stranger, es384) = (Pair::new(Algorithm::RS256, "rsa"), Pair::new(Algorithm::ES384, "es384"));
    let mut for_secrets = Pair::new(Algorithm::RS256, "enc");
    for_secrets.public["use"] = "enc".into();
    let provider = Provider::start(&[&rsa, &es, &es384, &for_secrets]).await;
    let server = server(&app, settings(&provider.address, KeyRefreshPolicy::default()));
    let good = rsa.sign(&rsa.header(), &claims());
    assert_eq!(status(&server, &good).await, 200);

    let parts: Vec<&str> = good.split('.').collect();
    let [head, body, signature] = parts[..] else { unreachable!() };
    let head_of = |change: &dyn Fn(&mut Header)| {
        let mut header = rsa.header();
        change(&mut header);
        rsa.sign(&header, &claims())
    };
    let raw = |head: Value| rsa.sign_raw(&head.to_string(), &claims().to_string());
    let base = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let hmac = |secret: &[u8], kid: &str| {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(kid.to_owned());
        encode(&header, &claims(), &EncodingKey::from_secret(secret)).unwrap()
    };
    let claimed = |changes: Value| rsa.sign(&rsa.header(), &with(&changes));
    let modulus = rsa.public["n"].as_str().unwrap();
    let bad: Vec<(&str, String)> = vec![
        // Forged.
        ("signed by a stranger under the name of a key", stranger.sign(&stranger.header(), &claims())),
        ("signed by a stranger under a name of its own", {
            let mut header = stranger.header();
            header.kid = Some("mine".to_owned());
            stranger.sign(&header, &claims())
        }),
        ("claims changed", format!("{head}.{}.{signature}", base(&with(&json!({ "scope": "notes:write" }))))),
        ("head changed", format!("{}.{body}.{signature}", base(&json!({ "alg": "RS256", "kid": "rsa", "x": 1 })))),
        ("signature cut", format!("{head}.{body}.{}", &signature[..signature.len() - 4])),
        ("signature of zeros", format!("{head}.{body}.{}", "A".repeat(signature.len()))),
        ("no signature", format!("{head}.{body}.")),
        ("signature of another token", {
            let other = claimed(json!({ "jti": "other" }));
            format!("{head}.{body}.{}", other.rsplit_once('.').unwrap().1)
        }),
        ("its key brought along", {
            let head = json!({ "alg": "RS256", "jwk": stranger.public });
            stranger.sign_raw(&head.to_string(), &claims().to_string())
        }),
        ("the address of its key brought along", {
            let head = json!({ "alg": "RS256", "kid": "rsa", "jku": provider.address, "x5u": provider.address });
            stranger.sign_raw(&head.to_string(), &claims().to_string())
        }),
        ("JSON hidden in a text of the head", {
            let hidden = json!({ "$serde_json::private::RawValue": "[".repeat(5_000) });
            raw(json!({ "alg": "RS256", "kid": "rsa", "x": hidden }))
        }),
        ("JSON hidden in a text of the claims", {
            claimed(json!({ "x": [{ "$serde_json::private::RawValue": "[]" }] }))
        }),
        // Confusion of algorithms and keys.
        ("algorithm none", format!("{}.{body}.", base(&json!({ "alg": "none", "kid": "rsa" })))),
        (
            "algorithm NONE with a signature",
            format!("{}.{body}.{signature}", base(&json!({ "alg": "NONE", "kid": "rsa" }))),
        ),
        ("the public key as a secret", hmac(modulus.as_bytes(), "rsa")),
        ("the published key as a secret", hmac(rsa.public.to_string().as_bytes(), "rsa")),
        ("an empty secret", hmac(b"", "rsa")),
        ("an algorithm that is not pinned", {
            let mut header = es384.header();
            header.kid = Some("es384".to_owned());
            es384.sign(&header, &claims())
        }),
        ("another algorithm of the same key", raw(json!({ "alg": "PS256", "kid": "rsa" }))),
        ("RS512 of the same key", raw(json!({ "alg": "RS512", "kid": "rsa" }))),
        ("the key of another family", raw(json!({ "alg": "ES256", "kid": "rsa" }))),
        ("the name of a key of another family", raw(json!({ "alg": "RS256", "kid": "es" }))),
        ("no name where there are several keys", raw(json!({ "alg": "ES384" }))),
        ("a key for secrets", for_secrets.sign(&for_secrets.header(), &claims())),
        ("an unknown key", head_of(&|header| header.kid = Some("unknown".to_owned()))),
        ("a name that is a way", head_of(&|header| header.kid = Some("../../etc/passwd".to_owned()))),
        ("a name that is SQL", head_of(&|header| header.kid = Some("' OR 1=1 --".to_owned()))),
        ("an empty name", head_of(&|header| header.kid = Some(String::new()))),
        ("a token for logging out", head_of(&|header| header.typ = Some("logout+jwt".to_owned()))),
        ("a proof of possession", head_of(&|header| header.typ = Some("dpop+jwt".to_owned()))),
        ("a token in a token", head_of(&|header| header.cty = Some("JWT".to_owned()))),
        ("something critical", raw(json!({ "alg": "RS256", "kid": "rsa", "crit": ["exp"] }))),
        ("critical, of no effect", raw(json!({ "alg": "RS256", "kid": "rsa", "crit": [] }))),
        ("a body that is not encoded", raw(json!({ "alg": "RS256", "kid": "rsa", "b64": false, "crit": ["b64"] }))),
        ("compressed", raw(json!({ "alg": "RS256", "kid": "rsa", "zip": "DEF" }))),
        // Outside of the validity period.
        ("expired", claimed(json!({ "exp": 1_772_441_000 }))),
        ("expired long ago", claimed(json!({ "exp": 0 }))),
        ("without an end", rsa.sign(&rsa.header(), &without("exp"))),
        ("with an end in text", claimed(json!({ "exp": LATER.to_string() }))),
        ("with an end that is null", claimed(json!({ "exp": null }))),
        ("with an end below zero", claimed(json!({ "exp": -1 }))),
        ("with an end beyond all time", claimed(json!({ "exp": 1e300 }))),
        ("not yet", claimed(json!({ "nbf": LATER }))),
        ("not yet, in text", claimed(json!({ "nbf": "tomorrow" }))),
        ("issued later", claimed(json!({ "iat": LATER }))),
        // Issued by, for or about somebody else.
        ("without an issuer", rsa.sign(&rsa.header(), &without("iss"))),
        ("of another issuer", claimed(json!({ "iss": "https://idp.example/realms/other" }))),
        ("of an issuer that begins the same", claimed(json!({ "iss": format!("{ISSUER}/") }))),
        ("of several issuers", claimed(json!({ "iss": [ISSUER, "https://evil.example"] }))),
        ("without an audience", rsa.sign(&rsa.header(), &without("aud"))),
        ("for another audience", claimed(json!({ "aud": "billing" }))),
        ("for several others", claimed(json!({ "aud": ["billing", "notegraph2"] }))),
        ("for nobody", claimed(json!({ "aud": [] }))),
        ("for an audience in another case", claimed(json!({ "aud": "NoteGraph" }))),
        ("without a user", rsa.sign(&rsa.header(), &without("sub"))),
        ("of an unknown user", claimed(json!({ "sub": "idp|8" }))),
        ("of a user in another case", claimed(json!({ "sub": "IDP|7" }))),
        ("of a user by number", claimed(json!({ "sub": user.id }))),
        ("of a user by our ID", claimed(json!({ "sub": user.id.to_string() }))),
        ("of a user with NUL", claimed(json!({ "sub": "idp|7\u{0}" }))),
        ("of no user", claimed(json!({ "sub": "" }))),
        ("of users", claimed(json!({ "sub": ["idp|7"] }))),
        ("without a company", rsa.sign(&rsa.header(), &without("org"))),
        ("of another company", claimed(json!({ "org": "Other" }))),
        ("of an unknown company", claimed(json!({ "org": "Nobody" }))),
        ("of an inactive user", claimed(json!({ "org": "Other", "sub": "idp|gone" }))),
        // Malformed.
        ("one part", head.to_owned()),
        ("two parts", format!("{head}.{body}")),
        ("four parts", format!("{good}.{signature}")),
        ("five parts, as of what is encrypted", format!("{good}.a.b")),
        ("dots", "..".to_owned()),
        ("not base64", format!("{head}.{body}.***")),
        ("padded", format!("{head}.{body}.{signature}==")),
        ("claims that are no JSON", rsa.sign_raw(&json!({ "alg": "RS256", "kid": "rsa" }).to_string(), "claims")),
        ("claims that are a list", rsa.sign_raw(&json!({ "alg": "RS256", "kid": "rsa" }).to_string(), "[]")),
        ("claims twice", {
            let twice = claims().to_string().replacen('{', r#"{"exp": 1,"#, 1);
            rsa.sign_raw(&json!({ "alg": "RS256", "kid": "rsa" }).to_string(), &twice)
        }),
        ("a head that is no JSON", rsa.sign_raw("head", &claims().to_string())),
        ("a head without an algorithm", raw(json!({ "kid": "rsa" }))),
        ("a name that is no text", raw(json!({ "alg": "RS256", "kid": 7 }))),
        ("larger than any", claimed(json!({ "much": "x".repeat(20_000) }))),
    ];
    let unknown = ask(&server, "ng_1_unknown", VIEWER).await;
    assert_eq!(unknown.0, 401);
    assert!(bad.len() > 70, "{}", bad.len());
    for (name, token) in bad {
        assert_eq!(ask(&server, &token, VIEWER).await, unknown, "{name}");
    }
    assert_eq!(status(&server, &good).await, 200);
    assert!(provider.asked() <= 2, "made-up names of keys caused {} questions", provider.asked());
}
