//! The tables of a Flask application: it has made them itself, so that their
//! columns are found by usual names or mapped by the operator.

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
    let columns = Columns::find(foreign, mapping, &["user", "users"]).await?;
    let username = columns
        .of(
            Field::Username,
            &["username", "user_name", "login", "email"],
        )?
        .ok_or_else(|| columns.lacks("for username: name it with --column username=…"))?;
    let hashes = ["password_hash", "password", "pw_hash", "hashed_password"];
    let password_hash = columns
        .of(Field::PasswordHash, &hashes)?
        .ok_or_else(|| columns.lacks("for password_hash: name it with --column password_hash=…"))?;
    let id = columns.of(Field::Id, &["id"])?;
    let groups = match id {
        Some(_) => roles(foreign).await?,
        None => None,
    };
    Ok(UserTable {
        id,
        username,
        password_hash: Some(password_hash),
        email: columns.of(Field::Email, &["email", "mail"])?,
        full_name: columns.full_name(&["full_name", "fullname", "name"])?,
        active: columns.of(Field::Active, &["active", "is_active", "enabled"])?,
        disabled: columns.of(Field::Disabled, &["disabled", "is_disabled"])?,
        superuser: columns.of(Field::Superuser, &["is_admin", "is_superuser"])?,
        groups,
        table: columns.table,
    })
}

/// Roles as Flask-Security has them.
async fn roles(foreign: &mut Foreign) -> Result<Option<GroupTables>, SourceError> {
    let roles = first_with(foreign, &["role", "roles"], ["id", "name"]).await?;
    let members = ["roles_users", "users_roles", "user_roles"];
    let members = first_with(foreign, &members, ["user_id", "role_id"]).await?;
    Ok(roles.zip(members).map(|(groups, members)| GroupTables {
        groups,
        group_id: "id".to_owned(),
        group_name: "name".to_owned(),
        members,
        member_user: "user_id".to_owned(),
        member_group: "role_id".to_owned(),
    }))
}

async fn first_with(
    foreign: &mut Foreign,
    tables: &[&str],
    wanted: [&str; 2],
) -> Result<Option<String>, SourceError> {
    for table in tables {
        let columns = foreign.columns(table).await?;
        if wanted
            .iter()
            .all(|name| columns.iter().any(|column| column == name))
        {
            return Ok(Some((*table).to_owned()));
        }
    }
    Ok(None)
}
