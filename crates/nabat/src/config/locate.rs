//! Where the configuration file is looked for.

use std::path::{Path, PathBuf};

use super::LoadError;

/// Finds the configuration file: the one named, else the first that exists of `./nabat.yml`,
/// `$XDG_CONFIG_HOME/nabat/nabat.yml` (or `~/.config/nabat/nabat.yml`) and `/etc/nabat/nabat.yml`.
///
/// # Errors
/// [`LoadError::Missing`] if the one named is not there, [`LoadError::NotFound`] with every place
/// that was tried.
pub fn locate(
    explicit: Option<&Path>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<PathBuf, LoadError> {
    if let Some(path) = explicit {
        let path = path.to_owned();
        return match path.exists() {
            true => Ok(path),
            false => Err(LoadError::Missing { path }),
        };
    }
    let places = usual_places(env);
    match places.iter().find(|place| place.exists()) {
        Some(found) => Ok(found.clone()),
        None => Err(LoadError::NotFound { tried: places }),
    }
}

fn usual_places(env: &dyn Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    // The XDG specification ignores relative paths.
    let folder = |name: &str| {
        env(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let personal =
        folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")));
    let mut places = vec![PathBuf::from("./nabat.yml")];
    places.extend(personal.map(|folder| folder.join("nabat/nabat.yml")));
    places.push(PathBuf::from("/etc/nabat/nabat.yml"));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_places_are_tried_in_order() {
        let places = |vars: &'static [(&str, &str)]| {
            let env = move |name: &str| {
                vars.iter()
                    .find(|(n, _)| *n == name)
                    .map(|(_, v)| (*v).to_owned())
            };
            usual_places(&env)
                .iter()
                .map(|path| path.display().to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(places(&[]), ["./nabat.yml", "/etc/nabat/nabat.yml"]);
        assert_eq!(
            places(&[("HOME", "/home/ann")]),
            [
                "./nabat.yml",
                "/home/ann/.config/nabat/nabat.yml",
                "/etc/nabat/nabat.yml"
            ]
        );
        assert_eq!(
            places(&[("HOME", "/home/ann"), ("XDG_CONFIG_HOME", "/cfg")]),
            [
                "./nabat.yml",
                "/cfg/nabat/nabat.yml",
                "/etc/nabat/nabat.yml"
            ]
        );
        assert_eq!(
            places(&[("XDG_CONFIG_HOME", "cfg")]),
            ["./nabat.yml", "/etc/nabat/nabat.yml"]
        );
    }

    #[test]
    fn a_file_in_a_usual_place_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("nabat/nabat.yml");
        std::fs::create_dir(folder.path().join("nabat")).unwrap();
        std::fs::write(&file, "").unwrap();
        let home = folder.path().display().to_string();
        let env = |name: &str| (name == "XDG_CONFIG_HOME").then(|| home.clone());
        assert_eq!(locate(None, &env).unwrap(), file);
    }

    #[test]
    fn a_named_file_is_the_only_place_tried() {
        let error = locate(Some(Path::new("/nowhere/n.yml")), &|_| None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no configuration file /nowhere/n.yml"
        );
    }
}
