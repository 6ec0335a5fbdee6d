//! What every table of a company has in common.

use sea_orm_migration::prelude::*;

/// A table whose primary key is `(company_id, id)` and whose rows belong to an existing company.
pub fn company_table(name: &'static str) -> TableCreateStatement {
    let mut table = owned_table(name);
    table.col(ColumnDef::new("id").big_integer().not_null()).primary_key(Index::create().col("company_id").col("id"));
    table
}

/// A table whose rows belong to an existing company; the primary key is the caller's to set.
pub fn owned_table(name: &'static str) -> TableCreateStatement {
    Table::create()
        .table(name)
        .col(ColumnDef::new("company_id").big_integer().not_null())
        .foreign_key(ForeignKey::create().from(name, "company_id").to("company", "id"))
        .take()
}

/// A link to a record of the same company: the company is part of the foreign key.
pub fn link(table: &'static str, column: &'static str, target: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().from(table, ("company_id", column)).to(target, ("company_id", "id")).take()
}

/// An index that leads with the company; its name is made of the table and the columns.
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
