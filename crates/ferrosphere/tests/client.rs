//! Crate `client` against the binary, over both protocols: what its own tests do against scripts, against a server.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use client::{Builder, Client, Mirror, Protocol, Query, Update};
use vim25::types::{InvalidLogin, InvalidPowerState, ManagedObjectNotFound, VirtualMachinePowerState};
use vim25::{DataType, MoRef, args, mo, types};

const PROTOCOLS: [Protocol; 2] = [Protocol::Soap, Protocol::ViJson];

/// A server of eight machines on a free port, ended when dropped.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(arguments: &[&str]) -> Server {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ferrosphere"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--vm", "4"]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.env_remove("FERROSPHERE_PASSWORD").spawn().expect("it runs");
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().expect("a pipe")).read_line(&mut line).expect("a line");
        let url = line.strip_prefix("ready ").expect(&line).trim_end().to_owned();
        Server { process, url }
    }

    fn client(&self, protocol: Protocol) -> Builder {
        Client::builder(&self.url).protocol(protocol).insecure().credentials("user", "pass")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn find(client: &Client, name: &str) -> MoRef {
    let vms = client.retrieve::<mo::VirtualMachine>(&["name"]).await.expect("VMs");
    vms.iter().find(|vm| vm.name == name).expect("the VM").moref.clone()
}

#[tokio::test]
async fn all_machines_are_read_in_pages_of_one() {
    let server = Server::start(&[]);
    for protocol in PROTOCOLS {
        let client = server.client(protocol).page(1).connect().await.expect("a session");
        let vms = client.retrieve::<mo::VirtualMachine>(&["name", "config.hardware.device"]).await.expect("VMs");
        assert_eq!(vms.len(), 8, "{protocol:?}");
        for vm in &vms {
            let devices = vm.config.as_ref().and_then(|config| config.hardware.device.as_ref()).expect("devices");
            assert!(vm.name.starts_with("DC0_") && devices.iter().any(|d| d.is::<types::VirtualEthernetCard>()));
        }
        client.logout().await.expect("the end");
    }
}

#[tokio::test]
async fn a_task_is_run_to_its_end_and_a_failure_carries_its_fault() {
    let server = Server::start(&["--no-tls"]);
    for protocol in PROTOCOLS {
        let client = server.client(protocol).connect().await.expect("a session");
        let vm = find(&client, "DC0_H0_VM0").await;
        client.run(&vm, args::PowerOffVM_Task::default()).await.expect("it goes off");
        let read = client.read::<mo::VirtualMachine>(&vm, &["runtime.powerState"]).await.expect("the VM");
        assert_eq!(read.runtime.power_state, VirtualMachinePowerState::PoweredOff);
        let again = client.run(&vm, args::PowerOffVM_Task::default()).await.expect_err("it is off");
        assert!(again.fault::<InvalidPowerState>().is_some(), "{again}");
        client.run(&vm, args::PowerOnVM_Task::default()).await.expect("it goes on");
    }
}

#[tokio::test]
async fn a_watch_sees_what_another_session_does() {
    let server = Server::start(&["--no-tls"]);
    let other = server.client(Protocol::Soap).connect().await.expect("a session");
    let vm = find(&other, "DC0_H0_VM1").await;
    for (protocol, name) in PROTOCOLS.into_iter().zip(["first", "second"]) {
        let client = server.client(protocol).connect().await.expect("a session");
        let mut watch = client.watch(Query::new().all("VirtualMachine", &["name"])).expect("a query");
        let mut mirror = Mirror::default();
        while !mirror.is_complete() {
            mirror.apply(watch.next().await.expect("no end").expect("no error"));
        }
        assert_eq!(mirror.all("VirtualMachine").count(), 8);
        other.run(&vm, args::Rename_Task::with(|a| a.new_name = name.into())).await.expect("a new name");
        while mirror.get(&vm).and_then(|vm| vm.text("name")) != Some(name) {
            mirror.apply(watch.next().await.expect("no end").expect("no error"));
        }
        watch.close().await.expect("it is destroyed");
        client.logout().await.expect("the end");
    }
}

#[tokio::test]
async fn the_end_of_the_session_ends_a_watch() {
    let server = Server::start(&["--no-tls"]);
    for protocol in PROTOCOLS {
        let client = server.client(protocol).connect().await.expect("a session");
        let mut watch = client.watch(Query::new().all("HostSystem", &["name"])).expect("a query");
        while watch.next().await.expect("no end").expect("no error") != Update::Complete {}
        client.logout().await.expect("the end");
        let error = loop {
            match watch.next().await {
                Some(Ok(_)) => {}
                Some(Err(error)) => break error,
                None => panic!("the error is told first"),
            }
        };
        assert!(error.is_not_authenticated() || error.is_gone(), "{error}");
        assert!(watch.next().await.is_none());
    }
}

#[tokio::test]
async fn what_the_server_refuses_is_a_fault_of_its_type() {
    let server = Server::start(&["--username", "me", "--password", "right"]);
    for protocol in PROTOCOLS {
        let wrong = server.client(protocol).credentials("me", "wrong").connect().await.expect_err("a wrong password");
        assert!(wrong.fault::<InvalidLogin>().is_some(), "{wrong}");
        let client = server.client(protocol).credentials("me", "right").connect().await.expect("a session");
        let nobody = MoRef::new("VirtualMachine", "vm-0");
        let gone = client.call(&nobody, args::PowerOnVM_Task::default()).await.expect_err("no such VM");
        assert!(gone.fault::<ManagedObjectNotFound>().is_some_and(|fault| fault.obj == nobody), "{gone}");
        let gone = client.read::<mo::VirtualMachine>(&nobody, &["name"]).await.expect_err("no such VM");
        assert!(gone.is_gone(), "{gone}");
    }
}
