//! `notegraph token`

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args, Subcommand};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, Set};

use super::migrate;
use crate::auth::{self, NewToken};
use crate::cli::expiry::Expiry;
use crate::cli::settings::DatabaseArgs;
use crate::cli::terminal::{err, out, table};
use crate::cli::{CommandError, CommandResult, lookup};
use crate::clock::Clock;
use crate::ids::{TokenId, UserId};
use crate::store::entity::token::{self, Scope};
use crate::store::entity::user::{self, UserStatus};

#[derive(Clone, Debug, Subcommand)]
pub enum TokenCommand {
    /// Create a token for a user, and print it. It is shown only once, and not stored.
    Create(Create),
    /// List the tokens of a company.
    List {
        /// The name of the company.
        #[arg(long, value_name = "NAME")]
        company: String,
    },
    /// Revoke a token; it is refused from then on.
    Revoke {
        /// The name of the company.
        #[arg(long, value_name = "NAME")]
        company: String,
        /// The id of the token, as `token list` shows it.
        id: TokenId,
    },
}

#[derive(Args, Clone, Debug)]
pub struct Create {
    /// The name of the company.
    #[arg(long, value_name = "NAME")]
    company: String,
    /// The username of the token's user.
    #[arg(long, value_name = "USERNAME", required_unless_present = "user_id")]
    user: Option<String>,
    /// The id of the token's user, if several users share a username.
    #[arg(long, value_name = "ID")]
    user_id: Option<UserId>,
    /// The scopes of the token; repeat it, or separate by commas, for several.
    #[arg(long = "scope", value_name = "SCOPE", required = true, ignore_case = true, value_delimiter = ',')]
    scopes: Vec<Scope>,
    /// The purpose of the token, as `token list` shows it.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true, value_parser = lookup::remark)]
    name: String,
    /// When the token expires: after 12h or 30d (m, h, d or w), or at a time, as in 2027-01-01T00:00:00Z. Without this
    /// it never does.
    #[arg(long, value_name = "WHEN")]
    expires: Option<Expiry>,
}

pub async fn run(command: TokenCommand, args: &DatabaseArgs) -> CommandResult {
    match command {
        TokenCommand::Create(new) => create(new, args).await,
        TokenCommand::List { company } => list(&company, args).await,
        TokenCommand::Revoke { company, id } => revoke(&company, id, args).await,
    }
}

async fn create(new: Create, args: &DatabaseArgs) -> CommandResult {
    let db = migrate::open(args).await?;
    let clock = Clock::default();
    let company = lookup::company(&db, &new.company).await?;
    let user = lookup::user(&db, &company, new.user.as_deref(), new.user_id).await?;
    if user.status == UserStatus::Inactive {
        return Err(CommandError::new(format!(
            "the user {:?} is inactive, so all of their tokens are refused",
            user.username
        )));
    }
    let mut scopes = Vec::new();
    for scope in new.scopes {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    let expires_on = new.expires.map(|expiry| expiry.from(clock.now())).transpose()?;
    let new = NewToken { company_id: company.id, user_id: user.id, name: new.name, scopes, expires_on };
    let transaction = db.begin().await?;
    let (token, secret) = auth::create_token(&transaction, &clock, new).await?;
    transaction.commit().await?;
    db.close().await?;
    err!(
        "token {} of {} for {:?}: {}, {}; it is shown only once",
        token.id,
        user.full_name,
        company.name,
        scope_names(&token),
        token.expires_on.map_or_else(|| "never ends".to_owned(), |end| format!("ends {}", time(end))),
    );
    out!("{}", secret.reveal());
    Ok(())
}

async fn list(company: &str, args: &DatabaseArgs) -> CommandResult {
    let db = migrate::open(args).await?;
    let company = lookup::company(&db, company).await?;
    let tokens = token::Entity::find()
        .filter(token::Column::CompanyId.eq(company.id))
        .order_by_asc(token::Column::Id)
        .find_also_related(user::Entity)
        .all(db.read())
        .await?;
    if tokens.is_empty() {
        err!("{:?} has no tokens; create one with `notegraph token create`", company.name);
        return Ok(());
    }
    let now = Clock::default().now();
    let mut rows = vec![["ID", "STATE", "USER", "SCOPES", "CREATED", "EXPIRES", "NAME"].map(str::to_owned)];
    rows.extend(tokens.into_iter().map(|(token, user)| {
        [
            token.id.to_string(),
            state(&token, user.as_ref(), now).to_owned(),
            user.map(|user| user.username).unwrap_or_default(),
            scope_names(&token),
            time(token.created_on),
            token.expires_on.map_or_else(|| "never".to_owned(), time),
            token.name,
        ]
    }));
    table(&rows);
    Ok(())
}

async fn revoke(company: &str, id: TokenId, args: &DatabaseArgs) -> CommandResult {
    let db = migrate::open(args).await?;
    let company = lookup::company(&db, company).await?;
    let transaction = db.begin().await?;
    let Some(token) = token::Entity::find_by_id((company.id, id)).one(&transaction).await? else {
        return Err(CommandError::new(format!(
            "{:?} has no token {id}; list its tokens with `notegraph token list --company {:?}`",
            company.name, company.name
        )));
    };
    if let Some(revoked_on) = token.revoked_on {
        out!("token {id} was already revoked, on {}", time(revoked_on));
        return Ok(());
    }
    let mut token = token.into_active_model();
    token.revoked_on = Set(Some(Clock::default().now()));
    token.update(&transaction).await?;
    transaction.commit().await?;
    db.close().await?;
    out!("revoked token {id}");
    Ok(())
}

fn state(token: &token::Model, user: Option<&user::Model>, now: DateTime<Utc>) -> &'static str {
    if token.revoked_on.is_some() {
        "revoked"
    } else if token.expires_on.is_some_and(|end| end <= now) {
        "expired"
    } else if user.is_none_or(|user| user.status == UserStatus::Inactive) {
        "user inactive"
    } else {
        "active"
    }
}

fn scope_names(token: &token::Model) -> String {
    token.scopes.0.iter().map(|scope| format!("{scope:?}").to_uppercase()).collect::<Vec<_>>().join(",")
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
