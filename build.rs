//! Unpacks the Swagger UI that is served at `/docs` for `include_bytes!`.

use std::{
    env,
    error::Error,
    fs::File,
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
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    for asset in ASSETS {
        let name = archive
            .file_names()
            .find(|name| name.ends_with(&format!("/dist/{asset}")))
            .ok_or_else(|| format!("there is no {asset} in the archive"))?
            .to_owned();
        let mut file = File::create(Path::new(&target).join(asset))?;
        io::copy(&mut archive.by_name(&name)?, &mut file)?;
    }
    Ok(())
}
