//! A URL that may be asked: its scheme, host and port.

use url::{Host, Url};

use crate::FetchError;
use crate::address::is_public;
use crate::limits::{PORTS, URL_BYTES_MAX};

/// Which addresses downloads may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Addresses of the public internet, ports [`PORTS`].
    Public,
    /// All addresses and ports: for operators who keep audio in their own network.
    Everywhere,
}

/// One URL to ask.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) url: Url,
}

impl Target {
    /// Reads a URL that a client named.
    pub(crate) fn parse(url: &str, reach: Reach) -> Result<Self, FetchError> {
        if url.len() > URL_BYTES_MAX {
            return Err(FetchError::InvalidUrl("too long".to_owned()));
        }
        let url = Url::parse(url).map_err(|error| FetchError::InvalidUrl(error.to_string()))?;
        Self::check(url, reach)
    }

    /// The URL that a `location` header names.
    pub(crate) fn redirected(&self, location: &str, reach: Reach) -> Result<Self, FetchError> {
        if location.len() > URL_BYTES_MAX {
            return Err(FetchError::InvalidUrl("too long".to_owned()));
        }
        let url = self.url.join(location);
        let url = url.map_err(|error| FetchError::InvalidUrl(error.to_string()))?;
        let target = Self::check(url, reach)?;
        if self.is_secure() && !target.is_secure() {
            return Err(FetchError::Insecure);
        }
        Ok(target)
    }

    fn check(url: Url, reach: Reach) -> Result<Self, FetchError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::InvalidUrl("not http or https".to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::InvalidUrl("a user name in it".to_owned()));
        }
        let target = Self { url };
        let forbidden = reach == Reach::Public
            && (!PORTS.contains(&target.port())
                || match target.url.host() {
                    Some(Host::Ipv4(address)) => !is_public(address.into()),
                    Some(Host::Ipv6(address)) => !is_public(address.into()),
                    // Looked at once it is resolved.
                    Some(Host::Domain(_)) => false,
                    None => true,
                });
        if forbidden {
            return Err(FetchError::Forbidden(target.authority()));
        }
        Ok(target)
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.url.scheme() == "https"
    }

    pub(crate) fn port(&self) -> u16 {
        // Both schemes have a port of their own.
        self.url.port_or_known_default().unwrap_or_default()
    }

    /// The value of the `host` header.
    pub(crate) fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// Path and query, as the request line has them.
    pub(crate) fn path(&self) -> &str {
        &self.url[url::Position::BeforePath..url::Position::AfterQuery]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inside_addresses_are_seen_in_every_disguise() {
        for url in [
            "http://127.0.0.1/a.wav",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://017700000001/",
            "http://127.1/",
            "http://[::1]/",
            "http://[::ffff:7f00:1]/",
            "http://169.254.169.254/latest/meta-data/",
            "http://１２７.0.0.1/",
            "http://example.org:8080/",
            "https://example.org:22/",
        ] {
            let found = Target::parse(url, Reach::Public);
            assert!(matches!(found, Err(FetchError::Forbidden(_))), "{url}");
            assert!(Target::parse(url, Reach::Everywhere).is_ok(), "{url}");
        }
    }

    #[test]
    fn other_schemes_and_user_names_are_refused() {
        for url in [
            "file:///etc/passwd",
            "ftp://example.org/",
            "http://me@example.org/",
            "http://me:secret@example.org/",
            "example.org/a.wav",
            "http://",
            "",
            &format!("http://example.org/{}", "a".repeat(URL_BYTES_MAX)),
        ] {
            let found = Target::parse(url, Reach::Everywhere);
            assert!(matches!(found, Err(FetchError::InvalidUrl(_))), "{url}");
        }
    }

    #[test]
    fn redirects_are_checked_like_the_first_url() {
        let first = Target::parse("https://example.org/a/b?c", Reach::Public).unwrap();
        let path = |location| {
            let target = first.redirected(location, Reach::Public);
            target.map(|target| target.url.to_string())
        };
        assert_eq!(path("../d").unwrap(), "https://example.org/d");
        assert!(matches!(
            path("http://example.org/"),
            Err(FetchError::Insecure)
        ));
        assert!(matches!(
            path("//127.0.0.1/"),
            Err(FetchError::Forbidden(_))
        ));
        assert!(matches!(
            path("file:///etc/passwd"),
            Err(FetchError::InvalidUrl(_))
        ));
    }
}
