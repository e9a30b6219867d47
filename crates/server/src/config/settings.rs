//! The table of settings: flags, environment variables, file keys and the reference page all come from it.

/// One setting.
pub(crate) struct Setting {
    /// `database-url`: the flag without its dashes, the key in the file; `ORDERLOG_DATABASE_URL` in the environment.
    pub(crate) name: &'static str,
    /// The placeholder of its value in help: `URL`.
    pub(crate) value: &'static str,
    /// The default value.
    pub(crate) default: Option<&'static str>,
    /// One or two sentences.
    pub(crate) help: &'static str,
    /// Its heading in help.
    pub(crate) group: &'static str,
}

impl Setting {
    /// Its environment variable.
    pub(crate) fn variable(&self) -> String {
        format!("ORDERLOG_{}", self.name.to_uppercase().replace('-', "_"))
    }

    /// Whether it is a switch that needs no value.
    pub(crate) fn is_switch(&self) -> bool {
        self.value == "BOOL"
    }
}

const NODE: &str = "Node";
const SIGN_IN: &str = "Signing in";
const NATS: &str = "NATS";
const NOTIFICATIONS: &str = "Notifications";
const LANGUAGE_MODEL: &str = "Language model";
const SHOP: &str = "Shop";
const LOGS: &str = "Logs and tests";

/// Every setting, in the order of the reference page.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        name: "listen",
        value: "ADDRESS",
        default: Some("127.0.0.1:7400"),
        help: "Where MCP and HTTP are served; port 0 takes a free one. On a loopback address whoever reaches it is the operating user and needs no key. On any other address every call needs a key (`orderlog keys create`), and the server starts only if there is one.",
        group: NODE,
    },
    Setting {
        name: "tls-cert-file",
        value: "FILE",
        default: None,
        help: "Serve HTTPS with this certificate (PEM: the certificate, then those between it and its authority); needs `--tls-key-file`. Both files are read again when they change, and on SIGHUP, which then does not stop the server.",
        group: NODE,
    },
    Setting {
        name: "tls-key-file",
        value: "FILE",
        default: None,
        help: "Key (PEM, without a password) of that certificate.",
        group: NODE,
    },
    Setting {
        name: "require-keys",
        value: "BOOL",
        default: Some("false"),
        help: "Ask for a key on a loopback address too: for a server behind a proxy on the same machine.",
        group: NODE,
    },
    Setting {
        name: "read-only",
        value: "BOOL",
        default: Some("false"),
        help: "Refuse every tool that would change something, whatever the caller may do otherwise.",
        group: NODE,
    },
    Setting {
        name: "calls-per-second",
        value: "NUMBER",
        default: Some("500"),
        help: "Calls a second that one key or user may make; more are refused with 429. 0 sets no limit. The operating user has none.",
        group: NODE,
    },
    Setting {
        name: "calls-per-second-in-all",
        value: "NUMBER",
        default: Some("5000"),
        help: "The same for all together.",
        group: NODE,
    },
    Setting {
        name: "metrics-listen",
        value: "ADDRESS",
        default: None,
        help: "Where `/metrics`, `/readyz` and `/healthz` are served besides, for a Prometheus or supervisor elsewhere: any address, such as `0.0.0.0:9464`. Nothing of the shop can be read or changed there.",
        group: NODE,
    },
    Setting {
        name: "database-url",
        value: "URL",
        default: Some("sqlite://orderlog-data/log.db"),
        help: "Where the log is kept: `sqlite://folder/log.db` (read models and customer keys stand beside it) or `postgres://user@host/database`.",
        group: NODE,
    },
    Setting {
        name: "allowed-hosts",
        value: "HOSTS",
        default: Some("localhost,127.0.0.1,::1"),
        help: "Host names under which the server may be addressed, separated by commas; others are refused (DNS rebinding).",
        group: NODE,
    },
    Setting {
        name: "allowed-origins",
        value: "ORIGINS",
        default: Some("http://localhost:*,http://127.0.0.1:*"),
        help: "Web origins whose pages may call the server, separated by commas; others are refused with 403. Programs that send no Origin are not affected.",
        group: NODE,
    },
    Setting {
        name: "public-url",
        value: "URL",
        default: None,
        help: "Where people open the shop's pages, such as `https://shop.example`, for links that assistants and messages give them. When left out, links begin as the caller reached the server.",
        group: NODE,
    },
    Setting {
        name: "accept-missing-keys",
        value: "BOOL",
        default: Some("false"),
        help: "Start although customers of the log have no key and were not erased: their keys are lost for good, or the log was restored to a time before they were erased. They stay without a name. Also start although the shop has lost its own keys: what was sealed with them stays closed. Needed once.",
        group: NODE,
    },
    Setting {
        name: "oauth-issuer",
        value: "URL",
        default: None,
        help: "OAuth provider that signs users in, as its metadata and tokens name it, letter by letter. Every call then needs a key or an access token, on a loopback address too (docs/ACCESS.md).",
        group: SIGN_IN,
    },
    Setting {
        name: "oauth-resource",
        value: "URL",
        default: None,
        help: "Address of the MCP endpoint as clients write it, such as `https://shop.example/mcp`. Needed with `--oauth-issuer`.",
        group: SIGN_IN,
    },
    Setting {
        name: "oauth-audience",
        value: "TEXT",
        default: None,
        help: "What tokens must name as their audience, where the provider does not write the resource there.",
        group: SIGN_IN,
    },
    Setting {
        name: "oauth-scopes",
        value: "SCOPES",
        default: Some("orders:read orders:write inventory:write customers:read notify:write"),
        help: "What clients ask the user for at first, separated by blanks: rights, or roles that the provider knows. A client asks for more when a tool needs it.",
        group: SIGN_IN,
    },
    Setting {
        name: "oauth-client-id",
        value: "ID",
        default: None,
        help: "As what the provider knows the server's own pages: people then sign in to them there. The provider must know the address `/sign-in/callback` on the host of `--oauth-resource` (docs/ACCESS.md).",
        group: SIGN_IN,
    },
    Setting {
        name: "oauth-client-secret-file",
        value: "PATH",
        default: None,
        help: "File with the secret of that client. Without it the pages are a public client, which PKCE alone protects.",
        group: SIGN_IN,
    },
    Setting {
        name: "nats-url",
        value: "URL",
        default: None,
        help: "NATS server with JetStream to which every event is relayed: `nats://host:4222`, `tls://host:4222`, or several of one cluster, separated by commas. A user may stand in it (`nats://user:password@host`). Without it, events travel inside the process only.",
        group: NATS,
    },
    Setting { name: "nats-user", value: "NAME", default: None, help: "User at the NATS server.", group: NATS },
    Setting {
        name: "nats-password",
        value: "TEXT",
        default: None,
        help: "Password of that user. Programs on this machine can read flags: use the environment or a file.",
        group: NATS,
    },
    Setting {
        name: "nats-token",
        value: "TEXT",
        default: None,
        help: "Token for a NATS server that asks for one.",
        group: NATS,
    },
    Setting {
        name: "nats-nkey-file",
        value: "FILE",
        default: None,
        help: "File that holds the seed of the NKEY with which to sign in.",
        group: NATS,
    },
    Setting {
        name: "nats-creds-file",
        value: "FILE",
        default: None,
        help: "Credentials file (JWT and seed) as `nsc` writes it.",
        group: NATS,
    },
    Setting {
        name: "nats-ca-file",
        value: "FILE",
        default: None,
        help: "Certificates (PEM) of the authorities that may have signed the NATS server's; the machine's own when left out.",
        group: NATS,
    },
    Setting {
        name: "nats-cert-file",
        value: "FILE",
        default: None,
        help: "This node's own certificate (PEM), for a NATS server that asks for one; needs `--nats-key-file`.",
        group: NATS,
    },
    Setting {
        name: "nats-key-file",
        value: "FILE",
        default: None,
        help: "Key (PEM) of that certificate.",
        group: NATS,
    },
    Setting {
        name: "nats-stream",
        value: "NAME",
        default: Some("ORDERLOG"),
        help: "JetStream stream that carries this log and nothing else.",
        group: NATS,
    },
    Setting {
        name: "nats-subject-prefix",
        value: "PREFIX",
        default: Some("orderlog"),
        help: "What the subjects begin with: `PREFIX.v1.order.OrderPlaced`. Two shops on one NATS need different streams and different prefixes.",
        group: NATS,
    },
    Setting {
        name: "notify-targets-file",
        value: "FILE",
        default: None,
        help: "TOML file that names who can be told of something, with addresses and secrets (docs/NOTIFICATIONS.md). Without it nobody can be told, and this node delivers nothing.",
        group: NOTIFICATIONS,
    },
    Setting {
        name: "notify-templates-dir",
        value: "FOLDER",
        default: None,
        help: "Folder of templates that word and lay out messages in place of the built-in ones, and of further sets of them by name (docs/NOTIFICATIONS.md). All are tried at the start. Read again at a restart.",
        group: NOTIFICATIONS,
    },
    Setting {
        name: "language-model-url",
        value: "URL",
        default: None,
        help: "Where a language model is asked for sentences that the grammar does not understand: the whole address, which ends in `/chat/completions` (OpenAI's form, which Ollama and many more take) or in `/messages` (Anthropic's). `http` only for a model on this machine. Without it nothing is sent anywhere (docs/SENTENCES.md).",
        group: LANGUAGE_MODEL,
    },
    Setting {
        name: "language-model",
        value: "NAME",
        default: None,
        help: "Name of that model, as its server knows it. Events that come of its plans carry it.",
        group: LANGUAGE_MODEL,
    },
    Setting {
        name: "language-model-key-file",
        value: "FILE",
        default: None,
        help: "File that holds the key for that server, where it asks for one.",
        group: LANGUAGE_MODEL,
    },
    Setting {
        name: "language-model-sentences-per-hour",
        value: "NUMBER",
        default: Some("60"),
        help: "Sentences an hour for which one user may have that model asked, on each node; an hour's worth may come at once. 0 sets no limit. What the grammar understands is not counted. The operating user has this limit too.",
        group: LANGUAGE_MODEL,
    },
    Setting {
        name: "shop-name",
        value: "NAME",
        default: None,
        help: "What the shop is called; assistants are told. At most 100 characters.",
        group: SHOP,
    },
    Setting {
        name: "timezone",
        value: "ZONE",
        default: Some("Asia/Kolkata"),
        help: "The shop's IANA time zone: where its business days begin and how date phrases are read.",
        group: SHOP,
    },
    Setting {
        name: "currency",
        value: "CODE",
        default: Some("INR"),
        help: "The shop's currency, ISO 4217.",
        group: SHOP,
    },
    Setting {
        name: "locale",
        value: "TAG",
        default: Some("en-IN"),
        help: "How amounts are written: `en-IN` (₹12,34,567.50), `en-US` ($1,234,567.50), `de-DE` (1.234.567,50 €) or `ja-JP` (￥1,234,567). Texts are English, with dates such as 20 Nov 2026, in each of them.",
        group: SHOP,
    },
    Setting {
        name: "week-start",
        value: "DAY",
        default: Some("monday"),
        help: "First day of the week, for `last week` and weekly figures.",
        group: SHOP,
    },
    Setting {
        name: "fiscal-year-start",
        value: "MONTH",
        default: Some("april"),
        help: "First month of the fiscal year.",
        group: SHOP,
    },
    Setting {
        name: "day-start",
        value: "TIME",
        default: Some("00:00"),
        help: "When a business day begins in the shop's zone, `HH:MM`. It is stored with every event, so a change moves no past figure.",
        group: SHOP,
    },
    Setting {
        name: "day-month-order",
        value: "ORDER",
        default: Some("day-month"),
        help: "How 11/12/2026 is read: `day-month`, `month-day`, or `ask` to refuse it as ambiguous.",
        group: SHOP,
    },
    Setting {
        name: "confirmed-by-people",
        value: "ACTS",
        default: Some("none"),
        help: "Acts to which a person must agree on the shop's pages when a program asks for them: some of `refunds`, `cancelling`, `erasing`, `bulk`, separated by commas, or `none`. A start may add acts; `orderlog settings set` takes them away (docs/ACCESS.md).",
        group: SHOP,
    },
    Setting {
        name: "log-format",
        value: "FORMAT",
        default: Some("text"),
        help: "Log lines as `text` or `json`. They go to standard error; `RUST_LOG` filters them.",
        group: LOGS,
    },
    Setting {
        name: "clock",
        value: "TIME",
        default: None,
        help: "Run as if started at this moment (RFC 3339), for tests and demos. Refused on a log that already holds later events.",
        group: LOGS,
    },
    Setting {
        name: "notify-pace",
        value: "NUMBER",
        default: Some("1"),
        help: "Divides the waits between the tries of a message, for tests.",
        group: LOGS,
    },
    Setting {
        name: "bench-noop-tool",
        value: "BOOL",
        default: Some("false"),
        help: "Also answer `bench_noop`, an unlisted tool that takes the arguments of create_order and does nothing, for benchmarks.",
        group: LOGS,
    },
];
