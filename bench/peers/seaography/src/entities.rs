//! The tables, in the form that `sea-orm-cli generate entity --seaography` writes, with the columns that the work uses.

pub mod assignment {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "assignment")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub company_id: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub note_id: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_id: i64,
        pub position: i32,
        pub created_on: DateTimeUtc,
        pub assigned_by_id: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::user::Entity",
            from = "(Column::CompanyId, Column::UserId)",
            to = "(super::user::Column::CompanyId, super::user::Column::Id)"
        )]
        User,
        #[sea_orm(
            belongs_to = "super::user::Entity",
            from = "(Column::CompanyId, Column::AssignedById)",
            to = "(super::user::Column::CompanyId, super::user::Column::Id)"
        )]
        AssignedBy,
        #[sea_orm(
            belongs_to = "super::note::Entity",
            from = "(Column::CompanyId, Column::NoteId)",
            to = "(super::note::Column::CompanyId, super::note::Column::Id)"
        )]
        Note,
    }

    impl Related<super::note::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Note.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelatedEntity)]
    pub enum RelatedEntity {
        #[sea_orm(entity = "super::user::Entity", def = "Relation::User.def()")]
        User,
        #[sea_orm(entity = "super::user::Entity", def = "Relation::AssignedBy.def()")]
        AssignedBy,
        #[sea_orm(entity = "super::note::Entity", def = "Relation::Note.def()")]
        Note,
    }
}

pub mod company {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "company")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelatedEntity)]
    pub enum RelatedEntity {}
}

pub mod customer {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "customer")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub company_id: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub company_name: Option<String>,
        pub company_title: Option<String>,
        pub full_name: String,
        pub locale: Option<String>,
        pub is_member: bool,
        pub email: Option<String>,
        pub mobile_full: Option<String>,
        pub vip: bool,
        pub birthdate: Option<Date>,
        pub created_on: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelatedEntity)]
    pub enum RelatedEntity {}
}

pub mod message {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "message")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub company_id: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub note_id: i64,
        pub position: i32,
        pub message: String,
        pub attachment_url: Option<String>,
        pub attachment_filename: Option<String>,
        pub attachment_content_type: Option<String>,
        pub attachment_size: Option<i64>,
        pub posted_by_id: Option<i64>,
        pub created_on: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::user::Entity",
            from = "(Column::CompanyId, Column::PostedById)",
            to = "(super::user::Column::CompanyId, super::user::Column::Id)"
        )]
        PostedBy,
        #[sea_orm(
            belongs_to = "super::note::Entity",
            from = "(Column::CompanyId, Column::NoteId)",
            to = "(super::note::Column::CompanyId, super::note::Column::Id)"
        )]
        Note,
    }

    impl Related<super::note::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Note.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelatedEntity)]
    pub enum RelatedEntity {
        #[sea_orm(entity = "super::user::Entity", def = "Relation::PostedBy.def()")]
        PostedBy,
        #[sea_orm(entity = "super::note::Entity", def = "Relation::Note.def()")]
        Note,
    }
}

pub mod note {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "note")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub company_id: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub version: i32,
        pub type_id: Option<i64>,
        pub subject: Option<String>,
        pub details: Option<String>,
        pub status: String,
        pub priority: bool,
        pub confidential: bool,
        pub show_on_overview: bool,
        pub reminder: Option<DateTimeUtc>,
        #[sea_orm(column_type = "JsonBinary")]
        pub tags: Json,
        pub reference_type: Option<String>,
        pub reference_id: Option<String>,
        pub customer_id: Option<i64>,
        pub user_id: Option<i64>,
        pub message_count: i32,
        pub created_on: DateTimeUtc,
        pub updated_on: DateTimeUtc,
        pub updated_by_id: Option<i64>,
        pub closed_on: Option<DateTimeUtc>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::note_type::Entity",
            from = "(Column::CompanyId, Column::TypeId)",
            to = "(super::note_type::Column::CompanyId, super::note_type::Column::Id)"
        )]
        Type,
        #[sea_orm(belongs_to = "super::company::Entity", from = "Column::CompanyId", to = "super::company::Column::Id")]
        Company,
        #[sea_orm(
            belongs_to = "super::customer::Entity",
            from = "(Column::CompanyId, Column::CustomerId)",
            to = "(super::customer::Column::CompanyId, super::customer::Column::Id)"
        )]
        Customer,
        #[sea_orm(
            belongs_to = "super::user::Entity",
            from = "(Column::CompanyId, Column::UserId)",
            to = "(super::user::Column::CompanyId, super::user::Column::Id)"
        )]
        User,
        #[sea_orm(
            belongs_to = "super::user::Entity",
            from = "(Column::CompanyId, Column::UpdatedById)",
            to = "(super::user::Column::CompanyId, super::user::Column::Id)"
        )]
        UpdatedBy,
        #[sea_orm(
            has_many = "super::assignment::Entity",
            from = "(Column::CompanyId, Column::Id)",
            to = "(super::assignment::Column::CompanyId, super::assignment::Column::NoteId)"
        )]
        Assignees,
        #[sea_orm(
            has_many = "super::message::Entity",
            from = "(Column::CompanyId, Column::Id)",
            to = "(super::message::Column::CompanyId, super::message::Column::NoteId)"
        )]
        Messages,
    }

    impl ActiveModelBehavior for ActiveModel {}

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelatedEntity)]
    pub enum RelatedEntity {
        #[sea_orm(entity = "super::note_type::Entity", def = "Relation::Type.def()")]
        Type,
        #[sea_orm(entity = "super::company::Entity", def = "Relation::Company.def()")]
        Company,
        #[sea_orm(entity = "super::customer::Entity", def = "Relation::Customer.def()")]
        Customer,
        #[sea_orm(entity = "super::user::Entity", def = "Relation::User.def()")]
        User,
        #[sea_orm(entity = "super::user::Entity", def = "Relation::UpdatedBy.def()")]
        UpdatedBy,
        #[sea_orm(entity = "super::assignment::Entity", def = "Relation::Assignees.def()")]
        Assignees,
        #[sea_orm(entity = "super::message::Entity", def = "Relation::Messages.def()")]
        Messages,
    }
}

pub mod note_type {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "note_type")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub company_id: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelatedEntity)]
    pub enum RelatedEntity {}
}

pub mod user {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "user")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub company_id: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub full_name: String,
        pub email: Option<String>,
        pub username: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelatedEntity)]
    pub enum RelatedEntity {}
}
