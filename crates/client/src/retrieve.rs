//! Reading properties: of one object, or of all of a type, page by page.

use vim25::{
    DataType, MoRef, Obj, Str, args,
    types::{PropertyFilterSpec, RetrieveOptions, RetrieveResult},
};

use crate::{Client, Error, Found, Properties, Query};

impl Client {
    /// All objects of a type with some of their properties; no paths, all properties.
    ///
    /// ```no_run
    /// # async fn example(client: client::Client) -> Result<(), client::Error> {
    /// use vim25::mo;
    ///
    /// for vm in client.retrieve::<mo::VirtualMachine>(&["name", "config.hardware.numCPU"]).await? {
    ///     let cpus = vm.config.as_ref().map_or(0, |config| config.hardware.num_cpu);
    ///     println!("{} {} has {cpus} CPUs", vm.moref.id, vm.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Path`] if the type has no such property; what else can happen on the way.
    pub async fn retrieve<T: DataType>(&self, paths: &[&str]) -> Result<Vec<Found<T>>, Error> {
        typed(self.fetch(&Query::new().all(T::TYPE.name, paths)).await?)
    }

    /// The same below a container: a folder, a datacenter, a pool, a host.
    ///
    /// # Errors
    /// As [`retrieve`](Client::retrieve).
    pub async fn retrieve_below<T: DataType>(&self, root: &MoRef, paths: &[&str]) -> Result<Vec<Found<T>>, Error> {
        typed(self.fetch(&Query::new().below(root, T::TYPE.name, paths)).await?)
    }

    /// Properties of one object.
    ///
    /// ```no_run
    /// # async fn example(client: client::Client, task: vim25::MoRef) -> Result<(), client::Error> {
    /// use vim25::mo;
    ///
    /// let task = client.read::<mo::Task>(&task, &["info"]).await?;
    /// println!("{} is {}", task.info.description_id, vim25::EnumValue::as_str(&task.info.state));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Fault`] with `ManagedObjectNotFound` if the object is gone; as [`retrieve`](Client::retrieve).
    pub async fn read<T: DataType>(&self, object: &MoRef, paths: &[&str]) -> Result<Found<T>, Error> {
        let query = Query::new().objects(T::TYPE.name, std::slice::from_ref(object), paths);
        match typed(self.fetch(&query).await?)?.pop() {
            Some(found) => Ok(found),
            None => Err(Error::Unsupported {
                address: self.address().authority().to_owned(),
                reason: format!("it says nothing about {object}"),
            }),
        }
    }

    /// What a query asks for, by property path.
    ///
    /// ```no_run
    /// # async fn example(client: client::Client) -> Result<(), client::Error> {
    /// use client::Query;
    ///
    /// let query = Query::new().all("HostSystem", &["name", "config.product.version"]).all("Network", &["name"]);
    /// for found in client.fetch(&query).await? {
    ///     println!("{}: {}", found.object, found.text("name").unwrap_or("?"));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`retrieve`](Client::retrieve).
    pub async fn fetch(&self, query: &Query) -> Result<Vec<Properties>, Error> {
        query.check()?;
        let mut views = Vec::new();
        let outcome = match query.filters(self, &mut views).await {
            Ok(filters) => self.pages(filters).await,
            Err(error) => Err(error),
        };
        let closed = self.destroy_views(views).await;
        outcome.and_then(|found| closed.map(|()| found))
    }

    async fn pages(&self, filters: Vec<Obj<PropertyFilterSpec>>) -> Result<Vec<Properties>, Error> {
        let mut found = Vec::new();
        for filter in filters {
            let mut page = self.first_page(filter).await?;
            while let Some(result) = page.take() {
                found.extend(result.objects.iter().map(|content| Properties::of(content)));
                if let Some(token) = &result.token {
                    page = Some(self.next_page(token).await?);
                }
            }
        }
        Ok(found)
    }

    async fn first_page(&self, filter: Obj<PropertyFilterSpec>) -> Result<Option<Obj<RetrieveResult>>, Error> {
        let options = RetrieveOptions::with(|options| options.max_objects = Some(self.page()));
        let first = args::RetrievePropertiesEx { spec_set: vec![filter], options: options.into() };
        self.call(&self.content().property_collector, first).await
    }

    /// The page behind a token. The server forgets the token with the last page, or here if the page cannot be had.
    async fn next_page(&self, token: &Str) -> Result<Obj<RetrieveResult>, Error> {
        let collector = &self.content().property_collector;
        let page = self.call(collector, args::ContinueRetrievePropertiesEx { token: token.clone() }).await;
        if page.is_err() {
            // What went wrong with the page is what the caller has to know.
            let _ = self.call(collector, args::CancelRetrievePropertiesEx { token: token.clone() }).await;
        }
        page
    }

    /// A view of all objects of a type below a container.
    pub(crate) async fn view(&self, container: Option<&MoRef>, kind: &str) -> Result<MoRef, Error> {
        let manager = self.manager("ViewManager", &self.content().view_manager)?;
        let container = container.unwrap_or(&self.content().root_folder).clone();
        let arguments = args::CreateContainerView { container, type_: Some(vec![kind.into()]), recursive: true };
        self.call(manager, arguments).await
    }

    /// Destroys views. One that is gone already is no error.
    pub(crate) async fn destroy_views(&self, views: Vec<MoRef>) -> Result<(), Error> {
        let mut outcome = Ok(());
        for view in views {
            match self.call(&view, args::DestroyView::default()).await {
                Err(error) if !error.is_gone() && outcome.is_ok() => outcome = Err(error),
                _ => {}
            }
        }
        outcome
    }
}

fn typed<T: DataType>(found: Vec<Properties>) -> Result<Vec<Found<T>>, Error> {
    Ok(found.iter().map(Properties::typed).collect::<Result<_, _>>()?)
}
