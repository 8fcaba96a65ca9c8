//! Django's tables: `auth_user`, or the table of a user model of one's own, with
//! the groups of `django.contrib.auth`.

use crate::store::{Foreign, GroupTables, UserTable};

use super::{
    source_error::SourceError,
    tables::{Columns, Field, Mapping},
};

/// Finds where the users are.
pub(super) async fn table(
    foreign: &mut Foreign,
    mapping: &Mapping,
) -> Result<UserTable, SourceError> {
    let columns = Columns::find(foreign, mapping, &["auth_user"]).await?;
    let username = columns
        .of(Field::Username, &["username", "email"])?
        .ok_or_else(|| columns.lacks("for username"))?;
    let groups = groups(foreign, &columns.table).await?;
    Ok(UserTable {
        id: columns.of(Field::Id, &["id"])?,
        username,
        password_hash: columns.of(Field::PasswordHash, &["password"])?,
        email: columns.of(Field::Email, &["email"])?,
        full_name: columns.full_name(&[])?,
        active: columns.of(Field::Active, &["is_active"])?,
        disabled: columns.of(Field::Disabled, &[])?,
        superuser: columns.of(Field::Superuser, &["is_superuser"])?,
        groups,
        table: columns.table,
    })
}

/// The table of members is named after that of users, and its column of users
/// after their model.
async fn groups(foreign: &mut Foreign, users: &str) -> Result<Option<GroupTables>, SourceError> {
    let members = format!("{users}_groups");
    let columns = foreign.columns(&members).await?;
    let member_user = columns
        .into_iter()
        .find(|column| column != "id" && column != "group_id");
    let has_groups = !foreign.columns("auth_group").await?.is_empty();
    Ok(member_user
        .filter(|_| has_groups)
        .map(|member_user| GroupTables {
            groups: "auth_group".to_owned(),
            group_id: "id".to_owned(),
            group_name: "name".to_owned(),
            members,
            member_user,
            member_group: "group_id".to_owned(),
        }))
}
