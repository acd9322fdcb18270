//! Where and as whom AWS is spoken to: region, keys, endpoint, network.
//!
//! Invariant: clients are built here and nowhere else.

mod classic;
mod http;
mod instance;
mod keys;
mod profile;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use aws_config::imds;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, SdkConfig};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use tokio::sync::OnceCell;

use crate::account;
use crate::calls::Calls;
use crate::ebs::Ebs;
use crate::ec2::Ec2;
use crate::environment::{first_variable, variable};
use crate::error::{Error, Service};
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::reference::{Located, Reference};
use crate::region::{NotARegion, Region};
use crate::s3::S3;
use crate::settings::{Settings, endpoint_url};

pub use instance::{Origin, ThisInstance};

/// Longest time to a connection; behind a slow proxy TCP alone can take seconds.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest time for one try of a call. A page of a thousand images takes EC2 some seconds.
const ATTEMPT: Duration = Duration::from_secs(60);
/// Longest time for each step with the metadata service, which is next door or not there at all.
const METADATA: Duration = Duration::from_secs(1);

/// The way to AWS for one run of a tool.
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    http: SharedHttpClient,
    classic: Option<classic::File>,
    environment: Option<Region>,
    home: OnceCell<Option<Region>>,
    config: OnceCell<SdkConfig>,
    gateways: RefCell<BTreeMap<Region, Rc<Ec2>>>,
    progress: Rc<Progress>,
    interrupt: Rc<Interrupt>,
}

impl Session {
    /// Reads what the environment says; nothing is called yet.
    ///
    /// # Errors
    /// A credential file that others can read or that is no such file, a region, an endpoint or a
    /// certificate bundle that cannot be one.
    pub fn new(
        settings: Settings,
        progress: Rc<Progress>,
        interrupt: Rc<Interrupt>,
    ) -> Result<Self, Error> {
        check_endpoints()?;
        if settings.profile.is_none() {
            keys::check_environment()?;
        }
        // An explicit profile beats the classic file, which then is not even opened.
        let classic = match settings.profile {
            Some(_) => None,
            None => classic::File::from_environment()?,
        };
        Ok(Self {
            environment: environment_region()?,
            http: http::client()?,
            classic,
            settings,
            home: OnceCell::new(),
            config: OnceCell::new(),
            gateways: RefCell::default(),
            progress,
            interrupt,
        })
    }

    /// Checks what only the profile files can tell, before anything is called.
    ///
    /// # Errors
    /// A profile that does not exist, or one that needs a code which nobody is asked for here.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        let has_keys = std::env::var_os("AWS_ACCESS_KEY_ID").is_some() || self.classic.is_some();
        profile::check(self.settings.profile.as_deref(), has_keys).await
    }

    /// The region that the environment gives without `-r`: variables, the classic file, the
    /// profile, and last the instance's own.
    pub async fn home(&self) -> Option<&Region> {
        let home = self.home.get_or_init(|| async {
            let classic = self.classic.as_ref().and_then(|file| file.region.clone());
            if let Some(region) = self.environment.clone().or(classic) {
                return Some(region);
            }
            match self.profile_region(None).await {
                Some(region) => Some(region),
                None => self.instance_region().await,
            }
        });
        home.await.as_ref()
    }

    /// The region to work in where a reference names none.
    ///
    /// # Errors
    /// When nothing gives one.
    pub async fn region(&self) -> Result<Region, Error> {
        let told = self.settings.region.clone().or(self.environment.clone());
        if let Some(region) = told {
            return Ok(region);
        }
        // An explicit profile means its own region, which is nobody's home.
        if let Some(profile) = &self.settings.profile
            && let Some(region) = self.profile_region(Some(profile)).await
        {
            return Ok(region);
        }
        self.home().await.cloned().ok_or_else(|| {
            Error::usage("no region is set").hint("give -r REGION or set AWS_DEFAULT_REGION")
        })
    }

    /// The instance that this runs on; told, or not, within two seconds.
    ///
    /// # Errors
    /// This is no instance, or its metadata service does not answer.
    pub async fn this_instance(&self) -> Result<ThisInstance, Error> {
        let client = metadata_client(&self.provider_config(None));
        instance::ask(&client).await
    }

    /// What the instance that this runs on was started of; told, or not, within seconds.
    ///
    /// # Errors
    /// This is no instance, or its metadata service does not answer.
    pub async fn origin(&self) -> Result<Origin, Error> {
        let client = metadata_client(&self.provider_config(None));
        instance::ask_origin(&client).await
    }

    /// Puts a reference into its region.
    ///
    /// # Errors
    /// As [`region`](Self::region), for a reference that names none.
    pub async fn locate(&self, reference: Reference) -> Result<Located, Error> {
        let region = match reference.region.clone() {
            Some(region) => region,
            None => {
                let region = self.region().await;
                region.map_err(|error| error.of(&reference.id))?
            }
        };
        Ok(reference.locate(|| region))
    }

    /// The gateway to EC2 in a region.
    pub async fn ec2(&self, region: &Region) -> Rc<Ec2> {
        if let Some(gateway) = self.gateways.borrow().get(region) {
            return Rc::clone(gateway);
        }
        let config = self.config.get_or_init(|| self.load(region)).await;
        let calls = self.calls(Service::Ec2, config, region);
        let gateway = Rc::new(Ec2::new(config, calls, self.settings.grace));
        self.gateways
            .borrow_mut()
            .insert(region.clone(), Rc::clone(&gateway));
        gateway
    }

    /// The gateway to the EBS direct APIs in a region; a tool asks for it once.
    pub async fn ebs(&self, region: &Region) -> Ebs {
        let config = self.config.get_or_init(|| self.load(region)).await;
        Ebs::new(config, self.calls(Service::Ebs, config, region))
    }

    /// The gateway to S3 in a region; a tool asks for it once.
    pub async fn s3(&self, region: &Region) -> S3 {
        let config = self.config.get_or_init(|| self.load(region)).await;
        S3::new(config, self.calls(Service::S3, config, region))
    }

    /// The 12 digits of the account whose keys are used.
    ///
    /// # Errors
    /// There are no keys, or STS does not take them.
    pub async fn account(&self, region: &Region) -> Result<String, Error> {
        let config = self.config.get_or_init(|| self.load(region)).await;
        account::ask(config, &self.calls(Service::Sts, config, region)).await
    }

    fn calls(&self, service: Service, config: &SdkConfig, region: &Region) -> Calls {
        Calls::new(
            service,
            config,
            region.clone(),
            Rc::clone(&self.progress),
            Rc::clone(&self.interrupt),
        )
    }

    /// The SDK's configuration. It is shared by the gateways of all regions, and with it the keys
    /// and the connections; `region` is only where keys are asked for, when a profile says none.
    async fn load(&self, region: &Region) -> SdkConfig {
        let region = aws_config::Region::new(region.to_string());
        let provider = self.provider_config(Some(region.clone()));
        let keys = keys::provider(
            self.settings.profile.as_deref(),
            self.classic.as_ref(),
            &provider,
            &region,
            metadata_client(&provider),
        );
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(region.clone())
            .http_client(self.http.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts())
            // It would fire before the time-out for connections, as if something had been sent; an
            // answer that dribbles is bounded by the time for one try.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .credentials_provider(keys.await);
        if let Ok(name) = AppName::new("ami-tools") {
            loader = loader.app_name(name);
        }
        if let Some(profile) = &self.settings.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(url) = &self.settings.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        loader.load().await
    }

    fn provider_config(&self, region: Option<aws_config::Region>) -> ProviderConfig {
        ProviderConfig::without_region()
            .with_region(region)
            .with_http_client(self.http.clone())
    }

    /// The region of a profile, the usual one if none is named.
    async fn profile_region(&self, name: Option<&str>) -> Option<Region> {
        let mut provider =
            ProfileFileRegionProvider::builder().configure(&self.provider_config(None));
        if let Some(name) = name {
            provider = provider.profile_name(name);
        }
        let region = provider.build().region().await?;
        region.as_ref().parse().ok()
    }

    async fn instance_region(&self) -> Option<Region> {
        let config = self.provider_config(None);
        let provider = ImdsRegionProvider::builder()
            .configure(&config)
            .imds_client(metadata_client(&config))
            .build();
        provider.region().await?.as_ref().parse().ok()
    }
}

/// A client of the metadata service that soon knows when there is none.
fn metadata_client(config: &ProviderConfig) -> imds::Client {
    imds::Client::builder()
        .configure(config)
        .connect_timeout(METADATA)
        .read_timeout(METADATA)
        .operation_timeout(METADATA * 2)
        .max_attempts(1)
        .build()
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .build()
}

/// The SDK would take any text for a region or an endpoint and fail at the first call.
fn environment_region() -> Result<Option<Region>, Error> {
    let Some((name, text)) = first_variable(&["AWS_REGION", "AWS_DEFAULT_REGION"])? else {
        return Ok(None);
    };
    let region = text
        .parse()
        .map_err(|why: NotARegion| Error::usage(format!("{name} in the environment: {why}")))?;
    Ok(Some(region))
}

fn check_endpoints() -> Result<(), Error> {
    for name in [
        "AWS_ENDPOINT_URL_EC2",
        "AWS_ENDPOINT_URL_EBS",
        "AWS_ENDPOINT_URL_S3",
        "AWS_ENDPOINT_URL_STS",
        "AWS_ENDPOINT_URL",
    ] {
        if let Some(url) = variable(name)? {
            endpoint_url(&url)
                .map_err(|why| Error::usage(format!("{name} in the environment: {why}")))?;
        }
    }
    Ok(())
}
