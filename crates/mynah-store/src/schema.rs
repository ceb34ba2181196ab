//! The database's schema, as the steps that build it. A step that has been released never changes.

use sqlx::AssertSqlSafe;
use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Version, description and SQL of every step.
const STEPS: [(i64, &str, &str); 2] = [
    (1, "keys", include_str!("../migrations/0001_keys.sql")),
    (
        2,
        "hot words",
        include_str!("../migrations/0002_hot_words.sql"),
    ),
];

/// Applies the steps that a database lacks. Built here and not by sqlx's macro, which would
/// compile the database drivers a second time.
pub(crate) fn migrator() -> Migrator {
    let step = |(version, description, sql): (i64, &'static str, &'static str)| {
        let sql = AssertSqlSafe(sql).into_sql_str();
        Migration::new(
            version,
            description.into(),
            MigrationType::Simple,
            sql,
            false,
        )
    };
    Migrator::with_migrations(STEPS.map(step).into())
}
