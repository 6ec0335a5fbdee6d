//! Customers and users.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::base::BASE;
use super::names::{self, Name};
use super::random::{Random, kind};
use crate::ids::{CompanyId, CustomerId, UserId};
use crate::store::entity::user::UserStatus;
use crate::store::entity::{customer, user};

pub const ADMINISTRATOR: &str = "admin";
pub const ADMINISTRATOR_ROLE: &str = "administrator";

const FLAGS: &[&str] = &["gold", "silver", "regular", "call first"];
const ROLES: &[&str] = &["agent", "agent", "agent", "supervisor", "back office", "field service"];

/// The administrator, whom the demo's token belongs to.
pub fn administrator(company_id: CompanyId, id: UserId) -> user::Model {
    user::Model {
        status: UserStatus::Active,
        first_name: Some("Ada".to_owned()),
        last_name: Some("Lindqvist".to_owned()),
        full_name: "Ada Lindqvist".to_owned(),
        email: Some("ada@example.com".to_owned()),
        username: ADMINISTRATOR.to_owned(),
        role: Some(ADMINISTRATOR_ROLE.to_owned()),
        created_by: None,
        ..user(company_id, id)
    }
}

pub fn user(company_id: CompanyId, id: UserId) -> user::Model {
    let random = &mut Random::of(kind::USER, id.0.unsigned_abs());
    let name = Name::of(random);
    let username = format!("{}{id}", ascii(name.given).unwrap_or_else(|| "user".to_owned()));
    user::Model {
        company_id,
        id,
        external_key: None,
        status: if random.chance(93) { UserStatus::Active } else { UserStatus::Inactive },
        first_name: Some(name.given.to_owned()),
        last_name: Some(name.family.to_owned()),
        full_name: name.full,
        email: Some(format!("{username}@example.com")),
        username,
        profile_photo: random.chance(40).then(|| format!("https://example.com/photos/user-{id}.jpg")),
        employee_id: Some(format!("E-{:04}", 1000 + id.0)),
        mobile_number: random.chance(70).then(|| phone_number(name.culture.country_code, random).full),
        business_location_id: Some(format!("location-{}", random.between(1, 12))),
        enable2_fa: random.chance(80).then(|| random.chance(60)),
        modified_on: random.chance(70).then(|| ago(random.between(1, 400), random)),
        created_by: Some(ADMINISTRATOR.to_owned()),
        role: Some(random.pick(ROLES).to_owned()),
        source: None,
    }
}

pub fn customer(company_id: CompanyId, id: CustomerId) -> customer::Model {
    let random = &mut Random::of(kind::CUSTOMER, id.0.unsigned_abs());
    let name = Name::of(random);
    let business = random.chance(15);
    let middle_name = random.chance(8).then(|| random.pick(names::MIDDLE).to_owned());
    let is_member = random.chance(40);
    let has_number = random.chance(85);
    let mobile = has_number.then(|| phone_number(name.culture.country_code, random));
    let has_number = random.chance(30);
    let phone = has_number.then(|| phone_number(name.culture.country_code, random));
    let first_name = if random.chance(2) { format!("{} 🌻", name.given) } else { name.given.to_owned() };
    let full_name = match &middle_name {
        Some(middle) => format!("{first_name} {middle} {}", name.family),
        None if first_name == name.given => name.full,
        None => format!("{first_name} {}", name.family),
    };
    let created_on = ago(random.between(30, 2200), random);
    customer::Model {
        company_id,
        id,
        external_key: None,
        company_name: business.then(|| names::company(random)),
        company_title: business.then(|| random.pick(names::TITLES).to_owned()),
        first_name: Some(first_name),
        middle_name,
        last_name: Some(name.family.to_owned()),
        full_name,
        locale: Some(name.culture.locale.to_owned()),
        is_member,
        was_member: !is_member && random.chance(20),
        has_applied: !is_member && random.chance(10),
        flag: random.chance(12).then(|| random.pick(FLAGS).to_owned()),
        email: random
            .chance(90)
            .then(|| format!("{}.{id}@example.org", ascii(name.given).unwrap_or_else(|| "customer".to_owned()))),
        mobile_country_code: mobile.as_ref().map(|phone| phone.country_code.to_owned()),
        mobile_number: mobile.as_ref().map(|phone| phone.number.clone()),
        mobile_full: mobile.map(|phone| phone.full),
        phone_country_code: phone.as_ref().map(|phone| phone.country_code.to_owned()),
        phone_number: phone.as_ref().map(|phone| phone.number.clone()),
        phone_full: phone.map(|phone| phone.full),
        profile_photo: random.chance(25).then(|| format!("https://example.com/photos/customer-{id}.jpg")),
        vip: random.chance(6),
        home_house_id: random.chance(60).then(|| format!("house-{}", random.between(1, 9))),
        birthdate: random.chance(50).then(|| day(-25_000, -7_000, random)),
        anniversary_date: random.chance(15).then(|| day(-9_000, -200, random)),
        created_on,
        source: None,
    }
}

struct Phone {
    country_code: &'static str,
    number: String,
    full: String,
}

fn phone_number(country_code: &'static str, random: &mut Random) -> Phone {
    // Numbers with 555 01xx are reserved for fiction.
    let number = format!("{}5550{}", random.between(200, 989), random.between(100, 199));
    let full = format!("+{country_code}{number}");
    Phone { country_code, number, full }
}

/// A time `days` days before the base date, at any second of the day.
fn ago(days: i64, random: &mut Random) -> DateTime<Utc> {
    BASE - TimeDelta::days(days) - TimeDelta::seconds(random.between(0, 86_399))
}

fn day(first: i64, last: i64, random: &mut Random) -> NaiveDate {
    (BASE + TimeDelta::days(random.between(first, last))).date_naive()
}

/// A name as written in an e-mail address; `None` if its script is not Latin.
fn ascii(name: &str) -> Option<String> {
    let plain: String = name
        .to_lowercase()
        .chars()
        .filter_map(|letter| match letter {
            'a'..='z' => Some(letter),
            'á' | 'ä' | 'à' | 'ą' => Some('a'),
            'ç' | 'ć' => Some('c'),
            'é' | 'è' | 'ë' | 'ê' | 'ę' => Some('e'),
            'ğ' => Some('g'),
            'í' | 'ï' | 'î' | 'ı' => Some('i'),
            'ł' => Some('l'),
            'ñ' => Some('n'),
            'ó' | 'ö' | 'ô' => Some('o'),
            'ś' | 'ş' => Some('s'),
            'ú' | 'ü' => Some('u'),
            'ż' | 'ź' => Some('z'),
            _ => None,
        })
        .collect();
    (!plain.is_empty()).then_some(plain)
}
