//! Changes: tasks per second.

use super::Scale;
use super::client::Client;
use super::load::{self, Load};
use super::server::Server;
use super::table::Figure;
use crate::soak::soap::Ref;
use anyhow::Result;
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes names and values that no other round has used.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// What is repeated.
#[derive(Clone, Copy)]
pub enum Work {
    /// Power off, and on again
    Power,
    /// Another annotation
    Reconfigure,
    /// A copy of a machine that is on
    Clone,
    /// A small machine
    Create,
}

/// Tasks per second of some clients, each on a machine of its own, each task read until it has succeeded.
pub async fn tasks(server: &Server, scale: &Scale, work: Work, clients: usize) -> Result<Vec<Figure>> {
    let who = if clients == 1 { "1 client".to_owned() } else { format!("{clients} clients") };
    let what = format!("{}, {who}", work.name());
    let load = repeat(server, scale, work, clients).await?;
    let cpu = format!("{what}: server CPU each");
    Ok(vec![Figure::rate(what, "tasks/s", load.rate), Figure::cost(cpu, "µs", load.cpu)])
}

/// Some work again and again, by that many clients.
pub async fn repeat(server: &Server, scale: &Scale, work: Work, clients: usize) -> Result<Load> {
    let mut client = Client::log_in(server).await?;
    let machines = client.machines().await?;
    let place = Place::of(&mut client, &machines[0]).await?;
    let workers = client.others(clients.min(machines.len())).await?.into_iter().zip(&machines);
    let once = async |(client, machine): &mut (Client, &Ref)| work.once(client, machine, &place).await;
    load::run(server.id(), workers, scale.time, once).await
}

/// Where new machines go.
struct Place {
    folder: Ref,
    pool: Ref,
}

impl Place {
    async fn of(client: &mut Client, machine: &Ref) -> Result<Self> {
        let folder = Ref::new("Folder", &client.property(machine, "parent").await?);
        Ok(Self { folder, pool: Ref::new("ResourcePool", &client.property(machine, "resourcePool").await?) })
    }
}

impl Work {
    fn name(self) -> &'static str {
        match self {
            Self::Power => "power off or on",
            Self::Reconfigure => "reconfigure",
            Self::Clone => "clone",
            Self::Create => "create",
        }
    }

    /// Do it once; how many tasks that were.
    async fn once(self, client: &mut Client, machine: &Ref, place: &Place) -> Result<u64> {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        match self {
            Self::Power => {
                client.task(machine, "PowerOffVM_Task", "").await?;
                client.task(machine, "PowerOnVM_Task", "").await?;
                return Ok(2);
            }
            Self::Reconfigure => annotate(client, machine).await?,
            Self::Clone => {
                let spec = "<spec><location/><template>false</template><powerOn>false</powerOn></spec>";
                let folder = place.folder.element("folder");
                let arguments = format!("{folder}<name>clone-{number}</name>{spec}");
                client.task(machine, "CloneVM_Task", &arguments).await?;
            }
            Self::Create => {
                let files = "<files><vmPathName>[LocalDS_0]</vmPathName></files><numCPUs>1</numCPUs>";
                let config = format!(
                    "<config><name>new-{number}</name><guestId>otherGuest64</guestId>{files}<memoryMB>64</memoryMB></config>"
                );
                let arguments = format!("{config}{}", place.pool.element("pool"));
                client.task(&place.folder, "CreateVM_Task", &arguments).await?;
            }
        }
        Ok(1)
    }
}

/// Give a machine a note that it never had.
pub async fn annotate(client: &mut Client, machine: &Ref) -> Result<()> {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let spec = format!("<spec><annotation>number {number}</annotation></spec>");
    client.task(machine, "ReconfigVM_Task", &spec).await
}
