use clap::CommandFactory;
use clap::error::ErrorKind;

use super::*;

fn parse(line: &str) -> Result<Settings, clap::Error> {
    let Command::Serve(serve) = Cli::try_parse_from(line.split(' '))?.command;
    Ok(serve.into_settings())
}

#[track_caller]
fn refused(line: &str) -> (ErrorKind, String) {
    let error = parse(line).expect_err(line);
    assert_eq!(error.exit_code(), 2);
    (error.kind(), error.to_string())
}

#[test]
fn the_definition_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn without_flags_the_world_has_vcsims_counts() {
    let settings = parse("ferrosphere serve").expect("no flag is needed");
    assert_eq!((settings.listen.as_str(), settings.tls, settings.account), ("127.0.0.1:8989", Tls::SelfSigned, None));
    assert_eq!(settings.api_version, "8.0.3.0");
    let expected = Inventory {
        esx: false,
        datacenters: 1,
        clusters: 1,
        hosts: 3,
        standalone_hosts: 1,
        pools: 0,
        apps: 0,
        datastores: 1,
        pods: 0,
        vms: 2,
        portgroups: 1,
        nsx_networks: 0,
        folders: 0,
        autostart: true,
    };
    assert_eq!(settings.inventory, expected);
}

#[test]
fn switches_take_an_optional_value() {
    let autostart = |line| parse(line).expect(line).inventory.autostart;
    assert!(autostart("f serve --autostart"));
    assert!(!autostart("f serve --autostart=false"));
    assert!(!autostart("f serve --autostart false --vm 3"));
    assert!(parse("f serve --esx").expect("a switch").inventory.esx);
}

#[test]
fn certificate_and_key_come_together_and_not_with_plain_http() {
    let settings = parse("f serve --tls-cert c.pem --tls-key k.pem").expect("both");
    assert_eq!(settings.tls, Tls::Files { certificate: "c.pem".into(), key: "k.pem".into() });
    assert_eq!(parse("f serve --no-tls").expect("a switch").tls, Tls::Off);
    assert_eq!(refused("f serve --tls-cert c.pem").0, ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("f serve --no-tls --tls-cert c --tls-key k").0, ErrorKind::ArgumentConflict);
}

#[test]
fn an_account_needs_name_and_password_and_does_not_show_the_latter() {
    let settings = parse("f serve --username root --password hunter2").expect("both");
    assert!(!format!("{settings:?}").contains("hunter2"));
    assert_eq!(settings.account.map(|account| account.password).as_deref(), Some("hunter2"));
    assert_eq!(refused("f serve --password x").0, ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("f serve --username x --password=").0, ErrorKind::ValueValidation);
}

#[test]
fn a_wrong_address_or_version_says_what_is_expected() {
    assert!(refused("f serve -l localhost").1.contains("expected HOST:PORT"));
    assert!(refused("f serve -l localhost:70000").1.contains("not a port"));
    assert!(refused("f serve -l ::1:8989").1.contains("[::1]:8989"));
    assert!(refused("f serve --api-version latest").1.contains("such as 8.0.3.0"));
    assert_eq!(parse("f serve -l :80").expect("all addresses").listen, "0.0.0.0:80");
    assert_eq!(parse("f serve -l [::1]:0").expect("IPv6").listen, "[::1]:0");
}
