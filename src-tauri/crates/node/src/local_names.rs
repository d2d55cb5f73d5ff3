//! `.local` names of other machines, asked for on the adapters that the settings allow.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use earshot_discovery::Names;

use crate::core;

/// Asks for names; follows a change of the adapters.
pub(crate) struct LocalNames(Mutex<(Vec<String>, Names)>);

impl LocalNames {
    /// `interfaces`: as the settings say, empty for every usable one.
    pub(crate) fn new(interfaces: &[String]) -> Self {
        Self(Mutex::new((interfaces.to_vec(), Names::new(core::choice(interfaces)))))
    }

    /// The addresses of `name`; empty when nobody answers in time.
    pub(crate) async fn resolve(&self, name: &str, interfaces: &[String]) -> Vec<IpAddr> {
        self.on(interfaces).resolve(name).await
    }

    fn on(&self, interfaces: &[String]) -> Names {
        // Nothing that can panic runs under the lock.
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.0 != interfaces {
            *now = (interfaces.to_vec(), Names::new(core::choice(interfaces)));
        }
        now.1.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_no_local_name_is_not_asked_for() {
        let names = LocalNames::new(&[]);
        assert!(names.resolve("example.org", &[]).await.is_empty());
    }

    #[test]
    fn other_adapters_are_asked_once_the_settings_say_so() {
        let names = LocalNames::new(&[]);
        let first = format!("{:?}", names.0.lock().expect("a lock").0);
        names.on(&["eth9".to_owned()]);
        assert_ne!(format!("{:?}", names.0.lock().expect("a lock").0), first);
        names.on(&["eth9".to_owned()]);
        assert_eq!(names.0.lock().expect("a lock").0, ["eth9"]);
    }
}
