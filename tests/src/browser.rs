//! A browser without a script: it keeps cookies, follows where it is led, and sends the fields of the forms that it is shown.

use std::net::IpAddr;

use anyhow::{Context as _, Result, ensure};
use reqwest::{StatusCode, Url, header::HeaderMap, redirect::Policy};

/// Redirects that are followed, one after another.
const MOST_REDIRECTS: usize = 20;
/// The one cookie that comes along when somebody follows a link from elsewhere, with the one of a sign-in under way.
const OF_ARRIVALS: [&str; 2] = ["orderlog_session", "orderlog_signing_in"];

/// A browser without a script, at one server; where that leads to another, it goes there.
#[derive(Debug, Clone)]
pub struct Browser {
    http: reqwest::Client,
    url: String,
    /// By the origin that gave them.
    cookies: Vec<(String, String, String)>,
    /// The page that is open.
    pub page: String,
    /// The headers that it came with.
    pub headers: HeaderMap,
    /// Every address that was asked for.
    pub history: Vec<Url>,
}

impl Browser {
    /// At a server: `http://127.0.0.1:…`
    ///
    /// # Errors
    /// When TLS cannot be used.
    pub fn at(url: &str) -> Result<Browser> {
        Browser::from("127.0.0.1".parse()?, url)
    }

    /// As [`Browser::at`], from another address of this machine.
    ///
    /// # Errors
    /// When TLS cannot be used.
    pub fn from(address: IpAddr, url: &str) -> Result<Browser> {
        let http = reqwest::Client::builder().redirect(Policy::none()).local_address(address).build()?;
        let (page, headers) = (String::new(), HeaderMap::new());
        Ok(Browser { http, url: url.to_owned(), cookies: vec![], page, headers, history: vec![] })
    }

    /// The path and query of the page that is open.
    #[must_use]
    pub fn place(&self) -> String {
        let Some(url) = self.history.last() else { return String::new() };
        url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
    }

    /// The value of a cookie of the server.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let mut kept = self.cookies.iter().filter(|(origin, known, _)| *origin == self.url && known == name);
        kept.next().map(|(_, _, value)| value.as_str())
    }

    /// Puts another value in its place, as somebody who copied it would.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.retain(|(origin, known, _)| *origin != self.url || known != name);
        self.cookies.push((self.url.clone(), name.to_owned(), value.to_owned()));
    }

    /// Asks for a path of the server, or for a whole address.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn open(&mut self, path: &str) -> Result<u16> {
        let address = self.address(path)?;
        let request = self.asked(self.http.get(address.clone()), &address);
        self.take(address, request).await
    }

    /// Asks for a path, keeps the cookies, and answers where it is led.
    ///
    /// # Errors
    /// When there is no answer, or its redirect is not valid.
    pub async fn step(&mut self, path: &str) -> Result<String> {
        let address = self.address(path)?;
        let answer = self.asked(self.http.get(address.clone()), &address).send().await?;
        self.history.push(address.clone());
        self.keep_cookies(&address, answer.headers())?;
        Ok(answer.headers().get("location").with_context(|| format!("led nowhere: {path}"))?.to_str()?.to_owned())
    }

    /// Asks for a path and follows nothing.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn look(&self, path: &str, headers: &[(&str, &str)]) -> Result<reqwest::Response> {
        let address = self.address(path)?;
        let mut request = self.http.get(address.clone()).header("cookie", self.cookies_for(&address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Ok(request.send().await?)
    }

    /// A form with these fields, not sent yet.
    ///
    /// # Errors
    /// When the path is not valid.
    pub fn post(&self, path: &str, fields: &[(String, String)]) -> Result<reqwest::RequestBuilder> {
        let address = self.address(path)?;
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let request = self.asked(self.http.post(address.clone()), &address);
        Ok(request.header("content-type", "application/x-www-form-urlencoded").body(body.finish()))
    }

    /// Sends the form to `path` that is on the page, with these fields typed.
    ///
    /// # Errors
    /// When the page has no such form, or there is no answer.
    pub async fn send(&mut self, path: &str, typed: &[(&str, &str)]) -> Result<u16> {
        let mut fields = self.hidden(path)?;
        fields.extend(typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.submit(path, &fields).await
    }

    /// Sends a form of exactly these fields.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn submit(&mut self, path: &str, fields: &[(String, String)]) -> Result<u16> {
        let request = self.post(path, fields)?;
        let address = self.address(path)?;
        self.take(address, request).await
    }

    /// The hidden fields of the form to `path` on the page.
    ///
    /// # Errors
    /// When the page has no such form.
    pub fn hidden(&self, path: &str) -> Result<Vec<(String, String)>> {
        let start = self
            .page
            .find(&format!("method=\"post\" action=\"{path}\""))
            .with_context(|| format!("no form to {path}: {}", self.page))?;
        let form = &self.page[start..];
        let form = &form[..form.find("</form>").context("the form's end")?];
        let attribute = |input: &str, name: &str| {
            let text = input.split_once(&format!(" {name}=\""))?.1.split_once('"')?.0;
            Some(plain(text))
        };
        let inputs = form.split("<input ").skip(1).filter(|input| input.starts_with("type=\"hidden\""));
        inputs
            .map(|input| {
                Ok((attribute(input, "name").context("a name")?, attribute(input, "value").context("a value")?))
            })
            .collect()
    }

    /// Where the link of this text leads.
    ///
    /// # Errors
    /// When the page has no such link.
    pub fn link(&self, text: &str) -> Result<String> {
        let end = self.page.find(&format!(">{text}</a>")).with_context(|| format!("no link {text}: {}", self.page))?;
        let start = self.page[..end].rfind("href=\"").context("where the link leads")? + "href=\"".len();
        Ok(plain(self.page[start..end].split('"').next().unwrap_or_default()))
    }

    /// Whether the page holds this.
    #[must_use]
    pub fn shows(&self, text: &str) -> bool {
        self.page.contains(text)
    }

    fn address(&self, path: &str) -> Result<Url> {
        Url::parse(&self.url)?.join(path).with_context(|| format!("no address: {path}"))
    }

    fn cookies_for(&self, address: &Url) -> String {
        let origin = address.origin().ascii_serialization();
        let kept = self.cookies.iter().filter(|(giver, _, _)| *giver == origin);
        kept.map(|(_, name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn asked(&self, request: reqwest::RequestBuilder, address: &Url) -> reqwest::RequestBuilder {
        let accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        request.header("accept", accept).header("cookie", self.cookies_for(address))
    }

    /// Sends, follows where it is led, and remembers the page.
    async fn take(&mut self, address: Url, request: reqwest::RequestBuilder) -> Result<u16> {
        let (mut address, mut request) = (address, request);
        for _ in 0..MOST_REDIRECTS {
            let answer = request.send().await?;
            self.history.push(address.clone());
            self.keep_cookies(&address, answer.headers())?;
            if !answer.status().is_redirection() || answer.status() == StatusCode::NOT_MODIFIED {
                self.headers = answer.headers().clone();
                let status = answer.status().as_u16();
                self.page = answer.text().await?;
                return Ok(status);
            }
            let to = answer.headers().get("location").context("where to")?.to_str()?;
            address = address.join(to)?;
            request = self.asked(self.http.get(address.clone()), &address);
        }
        anyhow::bail!("led in a circle: {:?}", self.history)
    }

    fn keep_cookies(&mut self, address: &Url, headers: &HeaderMap) -> Result<()> {
        let origin = address.origin().ascii_serialization();
        for cookie in headers.get_all("set-cookie") {
            let cookie = cookie.to_str()?;
            let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).context("a cookie")?;
            let cookie = cookie.to_ascii_lowercase();
            if origin == self.url {
                let site = if OF_ARRIVALS.contains(&name) { "samesite=lax" } else { "samesite=strict" };
                ensure!(cookie.contains(site) && cookie.contains("httponly"), "{cookie}");
            }
            self.cookies.retain(|(giver, known, _)| *giver != origin || known != name);
            let is_over =
                cookie.contains("max-age=0") || cookie.contains("expires=thu, 01 jan 1970") || value.is_empty();
            if !is_over {
                self.cookies.push((origin.clone(), name.to_owned(), value.to_owned()));
            }
        }
        Ok(())
    }
}

/// A text of a page without escapes.
fn plain(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
