use clap::CommandFactory;
use clap::error::ErrorKind;

use super::*;

fn parse(line: &str) -> Result<Settings, clap::Error> {
    match Cli::try_parse_from(line.split(' '))?.command {
        Command::Serve(serve) => Ok(serve.into_settings()),
        _ => panic!("{line} serves nothing"),
    }
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
    assert_eq!(settings.world, model::Settings::vcenter());
}

#[test]
fn delays_name_methods_that_make_tasks() {
    let settings = parse("f serve --task-delay PowerOnVM_Task:500,ReconfigVM_Task:20").expect("two delays");
    assert_eq!(settings.delays[0], ("PowerOnVM_Task".to_owned(), Duration::from_millis(500)));
    assert_eq!(settings.delays.len(), 2);
    assert!(refused("f serve --task-delay Login:5").1.contains("makes a task"));
    assert!(refused("f serve --task-delay PowerOnVM_Task").1.contains("METHOD:MS"));
}

#[test]
fn finished_tasks_stay_ten_minutes_or_as_long_as_asked() {
    let retention = |line| parse(line).expect(line).task_retention;
    assert_eq!(retention("f serve"), Duration::from_secs(600));
    assert_eq!(retention("f serve --task-retention 5"), Duration::from_secs(5));
    assert_eq!(refused("f serve --task-retention 0").0, ErrorKind::ValueValidation);
}

#[test]
fn switches_take_an_optional_value() {
    let autostart = |line| parse(line).expect(line).world.autostart;
    assert!(autostart("f serve --autostart"));
    assert!(!autostart("f serve --autostart=false"));
    assert!(!autostart("f serve --autostart false --vm 3"));
    assert!(parse("f serve --esx").expect("a switch").world.esx);
}

#[test]
fn hosts_have_one_of_the_profiles() {
    for profile in HostProfile::ALL {
        let settings = parse(&format!("f serve --host-profile {profile}")).expect("a profile").world;
        assert_eq!((settings.host_profile, settings.api_version.label()), (profile, "8.0.3.0"));
    }
    let (kind, message) = refused("f serve --host-profile esxi-6.0");
    assert_eq!(kind, ErrorKind::InvalidValue);
    assert!(message.contains("esxi-7.0-vmfex"), "{message}");
}

#[test]
fn a_single_host_speaks_its_own_version_unless_told_another() {
    let version = |line| parse(line).expect(line).world.api_version.label();
    assert_eq!(version("f serve --esx"), "8.0.3.0");
    assert_eq!(version("f serve --esx --host-profile esxi-7.0"), "7.0.0.0");
    assert_eq!(version("f serve --esx --host-profile esx-5.0 --api-version 4.1"), "4.1");
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
    assert!(refused("f serve --api-version latest").1.contains("8.0.3.0"));
    assert_eq!(parse("f serve -l :80").expect("all addresses").listen, "0.0.0.0:80");
    assert_eq!(parse("f serve -l [::1]:0").expect("IPv6").listen, "[::1]:0");
}

#[test]
fn vmci_services_need_a_folder() {
    let settings = parse("f serve --vmci-dir /run/vmci --vmci-service backup=5000,untrusted").expect("a folder");
    let vmci = settings.vmci.expect("VMCI is on");
    assert_eq!((vmci.dir.to_str(), vmci.services[0].name.as_str()), (Some("/run/vmci"), "backup"));
    assert!(parse("f serve").expect("no flag is needed").vmci.is_none());
    assert_eq!(refused("f serve --vmci-service backup=5000").0, ErrorKind::MissingRequiredArgument);
    assert!(refused("f serve --vmci-dir /x --vmci-service backup").1.contains("NAME=PORT"));
}

#[test]
fn the_end_of_a_vmci_connection_is_a_machine_and_a_port() {
    let parse = |line: &str| Cli::try_parse_from(line.split(' ')).map(|_| ()).map_err(|e| e.kind());
    assert_eq!(parse("f vmci connect --dir /x --vm web 5000"), Ok(()));
    assert_eq!(parse("f vmci listen --dir /x --vm web --as host --cid 0 976"), Ok(()));
    assert_eq!(parse("f vmci connect --dir /x --vm web --as guest --cid -16 5000"), Ok(()));
    assert_eq!(parse("f vmci connect --dir /x --vm web 4294967295"), Err(ErrorKind::ValueValidation));
    assert_eq!(parse("f vmci connect --dir /x 5000"), Err(ErrorKind::MissingRequiredArgument));
}
