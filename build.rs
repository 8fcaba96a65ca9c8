//! Unpacks the Swagger UI that is served at `/docs`, and lists the migrations.

use std::{
    env,
    error::Error,
    fs::{self, File},
    io::{self, Cursor},
    path::Path,
};

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

const ASSETS: [&str; 2] = ["swagger-ui-bundle.js", "swagger-ui.css"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=migrations");
    let target = env::var("OUT_DIR")?;
    let target = Path::new(&target);
    swagger_ui(target)?;
    let migrations = list("SQLITE", "sqlite")? + &list("POSTGRES", "postgres")?;
    fs::write(target.join("migrations.rs"), migrations)?;
    Ok(())
}

/// Its files, for `include_bytes!`.
fn swagger_ui(target: &Path) -> Result<(), Box<dyn Error>> {
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    for asset in ASSETS {
        let name = archive
            .file_names()
            .find(|name| name.ends_with(&format!("/dist/{asset}")))
            .ok_or_else(|| format!("there is no {asset} in the archive"))?
            .to_owned();
        let mut file = File::create(target.join(asset))?;
        io::copy(&mut archive.by_name(&name)?, &mut file)?;
    }
    Ok(())
}

/// A constant with the number, the description and the SQL of each migration of a
/// folder, from files called `NUMBER_description.sql`.
fn list(constant: &str, folder: &str) -> Result<String, Box<dyn Error>> {
    let folder = format!("/migrations/{folder}/");
    let directory = env::var("CARGO_MANIFEST_DIR")? + &folder;
    let mut files: Vec<_> = fs::read_dir(directory)?.collect::<Result<_, _>>()?;
    files.sort_by_key(fs::DirEntry::file_name);
    let mut steps = String::new();
    for file in files {
        let name = file.file_name().to_string_lossy().into_owned();
        let (number, description) = name
            .strip_suffix(".sql")
            .and_then(|name| name.split_once('_'))
            .ok_or_else(|| format!("{name} is not called NUMBER_description.sql"))?;
        let number: i64 = number.parse()?;
        let description = description.replace('_', " ");
        let path = folder.clone() + &name;
        steps += &format!(
            "({number}, {description:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {path:?}))),\n"
        );
    }
    Ok(format!(
        "const {constant}: &[(i64, &str, &str)] = &[\n{steps}];\n"
    ))
}
