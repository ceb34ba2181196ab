//! `mynah keys`

use std::process::ExitCode;

use anyhow::Result;
use mynah_store::{KeyInfo, Store};

use crate::cli::{Common, Keys};
use crate::config::Config;

/// Makes, lists or revokes keys. The server need not run, and need not be restarted.
pub(crate) fn run(options: &Common, command: &Keys) -> Result<ExitCode> {
    super::runtime()?.block_on(async {
        let store = Store::open(&Config::read(options)?.data(options)?).await?;
        match command {
            Keys::Create { name } => create(&store, name).await,
            Keys::List => list(&store).await,
            Keys::Revoke { id } => revoke(&store, id).await,
        }
    })
}

async fn create(store: &Store, name: &str) -> Result<ExitCode> {
    let key = store.create_key(name).await?;
    println!("API key: {}", key.secret);
    eprintln!(
        "It is shown this once only. Its id for `mynah keys revoke` is {}.",
        key.id
    );
    Ok(ExitCode::SUCCESS)
}

async fn list(store: &Store) -> Result<ExitCode> {
    let keys = store.keys().await?;
    if keys.is_empty() {
        eprintln!("There are no keys: make one with `mynah keys create`.");
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "{:<10} {:<12} {:<22} {:<9} NAME",
        "ID", "KEY", "CREATED (UTC)", "STATE"
    );
    for KeyInfo {
        id,
        name,
        hint,
        created_at,
        revoked_at,
    } in keys
    {
        let created = jiff::Timestamp::from_second(created_at)?;
        let state = if revoked_at.is_some() {
            "revoked"
        } else {
            "active"
        };
        println!(
            "{:<10} {:<12} {:<22} {state:<9} {name}",
            id.to_string(),
            format!("{hint}..."),
            created.to_string()
        );
    }
    Ok(ExitCode::SUCCESS)
}

async fn revoke(store: &Store, id: &str) -> Result<ExitCode> {
    if store.revoke_key(id).await? {
        println!("revoked {id}");
        Ok(ExitCode::SUCCESS)
    } else {
        eprintln!("mynah: there is no active key with the id {id}: see `mynah keys list`");
        Ok(ExitCode::FAILURE)
    }
}
