//! The page that sends predict requests from a browser.

/// HTML of the page of `cdk-tensorflow open`, which `npm run build` bundles from cli/open/page. Styles and program are inside,
/// and a policy that allows only those, and requests to the page's own origin.
pub(crate) const PAGE: &str = include_str!("explorer.html");

/// Headers of the page, besides its type: no other page shows it inside, and a browser asks for it anew.
pub(crate) const HEADERS: [(&str, &str); 2] =
    [("content-security-policy", "frame-ancestors 'none'"), ("cache-control", "no-store")];

/// Type of the page.
pub(crate) const TYPE: &str = "text/html; charset=utf-8";
