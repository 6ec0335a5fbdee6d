//! Helpers for tables that belong to a company.

use sea_orm_migration::prelude::*;

/// A table with the primary key `(company_id, id)`, whose rows belong to an existing company.
pub fn company_table(name: &'static str) -> TableCreateStatement {
    let mut table = owned_table(name);
    table.col(ColumnDef::new("id").big_integer().not_null()).primary_key(Index::create().col("company_id").col("id"));
    table
}

/// A table whose rows belong to an existing company; the caller sets the primary key.
pub fn owned_table(name: &'static str) -> TableCreateStatement {
    Table::create()
        .table(name)
        .col(ColumnDef::new("company_id").big_integer().not_null())
        .foreign_key(ForeignKey::create().from(name, "company_id").to("company", "id"))
        .take()
}

/// A foreign key to a record of the same company, which includes the company.
pub fn link(table: &'static str, column: &'static str, target: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().from(table, ("company_id", column)).to(target, ("company_id", "id")).take()
}

/// Creates an index that leads with the company, named after the table and the columns.
pub async fn index(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
    unique: bool,
) -> Result<(), DbErr> {
    let mut index = Index::create();
    index.name(format!("{table}_{}", columns.join("_"))).table(table).col("company_id");
    for column in columns {
        index.col(*column);
    }
    if unique {
        index.unique();
    }
    manager.create_index(index.take()).await
}
