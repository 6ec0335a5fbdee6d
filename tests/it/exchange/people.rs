//! People in notes: the first description counts, and everyone who is named exists.

use notegraph::ids::CompanyId;
use notegraph::store::entity::{company, customer, user};
use sea_orm::{EntityTrait, QueryOrder};

use super::{Exchange, brief, user as described};

#[tokio::test]
async fn the_first_description_of_a_person_is_kept() {
    let exchange = Exchange::new().await;
    let other = described(7).replace("Bo Li", "Someone Else");
    let content = format!(
        "{}\n{}\n{}\n",
        brief(1, &format!(r#","user":{}"#, described(7))),
        brief(2, &format!(r#","user":{other}"#)),
        brief(3, r#","user":{"id":7,"full_name":"Bo Li"}"#),
    );
    let summary = exchange.import(&content).await;
    assert_eq!((summary.users, summary.differences), (1, 1), "{summary}");
    assert_eq!(summary.differing, ["user 7"]);
    let row = user::Entity::find().one(exchange.db.read()).await.unwrap().unwrap();
    assert_eq!(row.full_name, "Bo Li");
    // The export of each record has its own description nevertheless.
    let exported = exchange.export().await;
    assert!(
        exported.contains("Someone Else") && exported.contains(r#""user":{"id":7,"full_name":"Bo Li"}"#),
        "{exported}"
    );
}

#[tokio::test]
async fn bare_ids_are_linked_and_completed_later() {
    let exchange = Exchange::new().await;
    let content = format!(
        "{}\n{}\n",
        brief(1, r#","user_id":7,"customer_id":7,"assignees":[{"id":8}],"messages":[{"message":"a","posted_by":9}]"#),
        brief(2, r#","user":{"id":7}"#),
    );
    let summary = exchange.import(&content).await;
    assert_eq!((summary.customers, summary.users, summary.rejected), (1, 3, 0), "{summary}");
    let exported = exchange.export().await;
    let names = async || {
        let users = user::Entity::find().order_by_asc(user::Column::Id).all(exchange.db.read()).await.unwrap();
        users.into_iter().map(|user| user.username).collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["user-7", "user-8", "user-9"]);
    let customer = customer::Entity::find().one(exchange.db.read()).await.unwrap().unwrap();
    assert_eq!(customer.full_name, "customer 7");

    // A later description of one of them is not a difference, and changes no note.
    let summary = exchange.import(brief(3, &format!(r#","user":{}"#, described(7)))).await;
    assert_eq!((summary.users, summary.differences), (0, 0), "{summary}");
    assert_eq!(names().await, ["bo 7", "user-8", "user-9"]);
    assert!(exchange.export().await.starts_with(&exported));
}

#[tokio::test]
async fn a_company_is_found_or_created() {
    let exchange = Exchange::new().await;
    exchange.import(brief(1, r#","company_id":40"#)).await;
    exchange.import(brief(2, r#","company_id":41"#)).await;
    let mut args = exchange.args(&[]);
    args.files = vec![exchange.file("other", brief(1, r#","company_id":40,"customer_id":3"#))];
    args.company = "Other".to_owned();
    exchange.run(&args).await;
    let companies = company::Entity::find().order_by_asc(company::Column::Id).all(exchange.db.read()).await.unwrap();
    let (other, own): (Vec<_>, Vec<_>) = companies.into_iter().partition(|company| company.name == "Other");
    assert_eq!((own.len(), own[0].id, own[0].name.as_str()), (1, CompanyId(40), "Acme"));
    assert_eq!(other.len(), 1);
    assert_ne!(other[0].id, CompanyId(40), "taken");
    // Each record is exported with the company id that it was imported with.
    let exported = exchange.export().await;
    assert!(exported.contains(r#""company_id":40"#) && exported.contains(r#""company_id":41"#), "{exported}");
}
