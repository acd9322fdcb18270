//! The HTTP client: proxy, certificates, and one connector for all who speak to AWS.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::shared::IntoShared;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::environment::first_variable;
use crate::error::Error;

/// A client as the environment wants it.
pub(super) fn client() -> Result<SharedHttpClient, Error> {
    let proxy = proxy()?;
    let context = trust()?;
    // A connector holds the open connections. The SDK asks for one at each call, with settings of
    // which there are few: our own, and those of the metadata service.
    type Key = (Option<Duration>, Option<Duration>);
    let connectors: Mutex<HashMap<Key, SharedHttpConnector>> = Mutex::default();
    Ok(http_client_fn(move |settings, components| {
        let build = || ByScheme::new(settings, components, &proxy, &context).into_shared();
        let key = (settings.connect_timeout(), settings.read_timeout());
        match connectors.lock() {
            Ok(mut connectors) => connectors.entry(key).or_insert_with(build).clone(),
            Err(_) => build(),
        }
    }))
}

/// Speaks plainly to local endpoints and to the metadata service, and makes a TLS connector, for
/// which all trusted certificates are read, only when an HTTPS endpoint is called.
#[derive(Debug)]
struct ByScheme {
    plain: Connector,
    secure: OnceLock<Connector>,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
    proxy: ProxyConfig,
    context: TlsContext,
}

impl ByScheme {
    fn new(
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
        proxy: &ProxyConfig,
        context: &TlsContext,
    ) -> Self {
        let mut plain = Connector::builder().connector_settings(settings.clone());
        plain.set_sleep_impl(components.sleep_impl());
        Self {
            plain: plain.build_http(),
            secure: OnceLock::new(),
            settings: settings.clone(),
            components: components.clone(),
            proxy: proxy.clone(),
            context: context.clone(),
        }
    }

    fn secure(&self) -> &Connector {
        self.secure.get_or_init(|| {
            let mut secure = Connector::builder()
                .connector_settings(self.settings.clone())
                .proxy_config(self.proxy.clone());
            secure.set_sleep_impl(self.components.sleep_impl());
            secure
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                .tls_context(self.context.clone())
                .build()
        })
    }
}

impl HttpConnector for ByScheme {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if request.uri().starts_with("http://") {
            self.plain.call(request)
        } else {
            self.secure().call(request)
        }
    }
}

/// The proxy for HTTPS endpoints. Plain HTTP is spoken to nobody but the metadata services and
/// local endpoints, which no proxy could reach.
fn proxy() -> Result<ProxyConfig, Error> {
    const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let Some((name, url)) = first_variable(&PROXIES)? else {
        return Ok(ProxyConfig::disabled());
    };
    // The value may hold a password, so it is not shown.
    let proxy = ProxyConfig::https(&url)
        .map_err(|_| Error::usage(format!("{name} in the environment is no proxy's URL")))?;
    Ok(match first_variable(&["NO_PROXY", "no_proxy"])? {
        Some((_, hosts)) => proxy.no_proxy(hosts),
        None => proxy,
    })
}

/// The certificates to trust: a bundle that the environment names, or the system's.
fn trust() -> Result<TlsContext, Error> {
    let store = match std::env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty()) {
        None => TrustStore::default(),
        Some(path) => TrustStore::empty().with_pem_certificate(bundle(Path::new(&path))?),
    };
    TlsContext::builder()
        .with_trust_store(store)
        .build()
        .map_err(|error| Error::usage(format!("AWS_CA_BUNDLE: {error}")))
}

/// Reads a bundle, and every certificate in it: the TLS library would panic at one that is none.
fn bundle(path: &Path) -> Result<Vec<u8>, Error> {
    let wrong = |why: String| Error::usage(format!("AWS_CA_BUNDLE: {}: {why}", path.display()));
    let pem = std::fs::read(path).map_err(|error| wrong(format!("cannot read it: {error}")))?;
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        store
            .add(certificate)
            .map_err(|error| wrong(format!("certificate {}: {error}", store.len() + 1)))?;
    }
    if store.is_empty() {
        return Err(wrong("there is no PEM certificate in it".to_owned()));
    }
    Ok(pem)
}
