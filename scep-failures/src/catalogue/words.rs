//! The closed vocabularies of the catalogue.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
        )]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word in catalogue and reports.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// What sort of thing a failure mode is.
    Kind {
        /// One cause of failure.
        Cause = "cause",
        /// A family of causes that has a look of its own.
        Umbrella = "umbrella",
        /// Nothing is wrong, although it may look so.
        Healthy = "healthy",
        /// It works, and holds a risk.
        Finding = "finding",
        /// Another name for a mode.
        Alias = "alias",
    }
}

words! {
    /// The part of a deployment that a failure mode belongs to; the folder of its file.
    Layer {
        /// The client's own network and name resolution.
        ClientNetwork = "client-network",
        /// TLS between client and whatever it reaches.
        Tls = "tls",
        /// Microsoft Entra application proxy and its connectors.
        AppProxy = "app-proxy",
        /// Other reverse proxies, load balancers, web application firewalls.
        FrontEnd = "front-end",
        /// HTTP.sys, the HTTP listener of Windows.
        HttpSys = "http-sys",
        /// IIS: request filtering, handlers, configuration.
        Iis = "iis",
        /// IIS: authentication and client certificates.
        IisAuthentication = "iis-authentication",
        /// The start-up sequence of NDES.
        NdesStart = "ndes-start",
        /// What crashes or stops the SCEP application pool.
        ScepPool = "scep-pool",
        /// NDES at work on a request.
        NdesRequest = "ndes-request",
        /// The challenge password and the NDES admin page.
        Challenge = "challenge",
        /// The Intune policy module and what it asks.
        PolicyModule = "policy-module",
        /// The issuing CA.
        Ca = "ca",
        /// SCEP itself, and the client's side of it.
        Protocol = "protocol",
        /// SCEP servers that are not NDES.
        ThirdParty = "third-party",
    }
}

impl Layer {
    /// The stage of a request at which this layer is passed.
    #[must_use]
    pub const fn stage(self) -> Stage {
        match self {
            Self::ClientNetwork => Stage::Network,
            Self::Tls => Stage::Tls,
            Self::AppProxy | Self::FrontEnd => Stage::FrontEnd,
            Self::HttpSys | Self::Iis | Self::IisAuthentication | Self::ScepPool => Stage::Iis,
            Self::NdesStart | Self::NdesRequest | Self::Protocol | Self::ThirdParty => Stage::Ndes,
            Self::Challenge | Self::PolicyModule => Stage::Authorization,
            Self::Ca => Stage::Ca,
        }
    }
}

words! {
    /// The stages that a request passes, in order. The earliest broken one explains the later ones.
    Stage {
        /// Name resolution and TCP.
        Network = "network",
        /// The TLS handshake.
        Tls = "tls",
        /// A proxy in front of the server.
        FrontEnd = "front-end",
        /// HTTP.sys and IIS.
        Iis = "iis",
        /// NDES, or another SCEP service.
        Ndes = "ndes",
        /// Challenge password and policy module.
        Authorization = "authorization",
        /// The issuing CA.
        Ca = "ca",
    }
}

impl Stage {
    /// The place in the sequence, from 1.
    #[must_use]
    pub fn number(self) -> usize {
        Self::ALL.iter().take_while(|stage| **stage < self).count() + 1
    }

    /// The stage in a reader's words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Tls => "TLS",
            Self::FrontEnd => "proxy in front of the server",
            Self::Iis => "HTTP.sys and IIS",
            Self::Ndes => "NDES",
            Self::Authorization => "challenge password and policy module",
            Self::Ca => "issuing CA",
        }
    }
}

words! {
    /// Who can mend it.
    Owner {
        /// Whoever runs firewalls, DNS, load balancers.
        NetworkAdmin = "network-admin",
        /// Whoever runs Microsoft Entra application proxy.
        EntraAdmin = "entra-admin",
        /// Whoever runs the NDES server.
        ServerAdmin = "server-admin",
        /// Whoever runs the CAs.
        PkiAdmin = "pki-admin",
        /// Whoever runs Intune (or another device management) and its profiles.
        IntuneAdmin = "intune-admin",
        /// Whoever wrote the client.
        ClientDeveloper = "client-developer",
        /// Whoever holds the device.
        DeviceUser = "device-user",
        /// Whoever makes the server product.
        ServerVendor = "server-vendor",
    }
}

words! {
    /// How often a cause is met.
    Prevalence {
        /// Most administrators meet it sooner or later.
        Common = "common",
        /// Now and then.
        Occasional = "occasional",
        /// Hardly ever.
        Rare = "rare",
    }
}

words! {
    /// How a statement is known. The order is that of strength.
    Provenance {
        /// Deduced from how the component works; nobody has shown it.
        Inferred = "inferred",
        /// Stated by documentation.
        Documented = "documented",
        /// Shown by a log, a capture or a recorded exchange of a real system.
        Seen = "seen",
    }
}
