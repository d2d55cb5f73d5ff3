//! The command line.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;

use clap::Parser;

/// Where the server listens unless told otherwise.
pub(crate) const DEFAULT_LISTEN: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 7447));

/// The hub of Earshot for a company: people on different networks see each other here and call. Calls themselves go
/// straight between people, not through the server.
#[derive(Debug, Clone, Default, Parser)]
#[command(name = "earshot-server", version, max_term_width = 100)]
pub struct Options {
    /// Address and port to listen at, such as 0.0.0.0:443 or [::]:443 [default: 0.0.0.0:7447].
    ///
    /// Port 0 takes any free one; --ready-json tells which.
    #[arg(long, env = "EARSHOT_SERVER_LISTEN", value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,

    /// The certificate chain for TLS: a PEM file, the server's own certificate first.
    ///
    /// Read again within a minute when it changes, so a renewed certificate needs no restart.
    #[arg(long, env = "EARSHOT_SERVER_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// The private key of the certificate: a PEM file.
    #[arg(long, env = "EARSHOT_SERVER_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// Speak plain HTTP to a proxy that does TLS, and believe what it forwards.
    ///
    /// The proxy must set X-Forwarded-For itself and pass the Host header on (or set X-Forwarded-Host), must allow
    /// WebSockets at /ws, and nobody else may reach this port: whoever does could claim any address.
    #[arg(
        long,
        env = "EARSHOT_SERVER_BEHIND_PROXY",
        value_parser = clap::builder::FalseyValueParser::new(),
        conflicts_with = "tls_cert"
    )]
    pub behind_proxy: bool,

    /// Where the server keeps its key, the only thing that it stores. Made if it is not there.
    #[arg(long, env = "EARSHOT_SERVER_DATA_DIR", value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,

    /// A name for people, such as the company's. Shown above its list of people.
    #[arg(long, env = "EARSHOT_SERVER_TITLE", value_name = "TEXT")]
    pub title: Option<String>,

    /// The address that others enter in their settings, such as wss://calls.example.com.
    ///
    /// Handed out with each room, so that somebody who is not connected to this server yet finds the way. Behind a proxy
    /// the server answers to no other name then, so that nobody in the middle can pass anything on in theirs.
    #[arg(long, env = "EARSHOT_SERVER_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,

    /// A TOML file with title, listen, public_url and ice_servers. What is given on the command line wins.
    ///
    /// [[ice_servers]] holds urls (stun:, turn: or turns:) and, for TURN, either username and credential, or
    /// turn_secret: the secret shared with a TURN server such as coturn (its static-auth-secret), from which each
    /// visitor gets credentials that last twelve hours.
    #[arg(long, env = "EARSHOT_SERVER_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Print one line of JSON on standard output when ready: url, port and device.
    #[arg(
        long,
        env = "EARSHOT_SERVER_READY_JSON",
        value_parser = clap::builder::FalseyValueParser::new()
    )]
    pub ready_json: bool,
}

pub(crate) fn default_data_dir() -> Option<PathBuf> {
    let folders = directories::ProjectDirs::from("app", "Earshot", "earshot-server")?;
    Some(folders.data_dir().to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_flag_has_its_variable_and_its_help() {
        let command = Options::command();
        command.clone().debug_assert();
        for argument in command.get_arguments().filter(|argument| argument.get_id() != "help") {
            let long = argument.get_long().unwrap();
            if long == "version" {
                continue;
            }
            let variable = format!("EARSHOT_SERVER_{}", long.replace('-', "_").to_uppercase());
            assert_eq!(argument.get_env().unwrap(), variable.as_str());
            assert!(argument.get_help().is_some(), "--{long}");
        }
    }
}
