//! The page, its files and the documentation.

use sqlx::PgPool;

use crate::service::Service;

#[sqlx::test(migrations = false)]
async fn the_page_is_served_with_its_files(pool: PgPool) {
    let service = Service::without_database(pool);
    let page = service.get("/").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html"));
    assert!(page.header("content-security-policy").contains("script-src 'self'"));
    assert!(!page.text.contains("://"), "everything comes from here");
    for (file, kind) in [("app.js", "text/javascript"), ("style.css", "text/css"), ("icon.svg", "image/svg+xml")] {
        assert!(page.text.contains(&format!("/assets/{file}")), "{file} is used");
        holds(&service, file, kind).await;
    }
    let script = service.get("/assets/app.js").await.text;
    for part in ["api.js", "figures.js", "plots.js"] {
        assert!(script.contains(&format!("\"./{part}\"")), "{part} is used");
        holds(&service, part, "text/javascript").await;
    }
}

/// Is there, of that kind, and not sent twice.
async fn holds(service: &Service, file: &str, kind: &str) {
    let reply = service.get(&format!("/assets/{file}")).await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, kind));
    let again = service.get_with(&format!("/assets/{file}"), "if-none-match", reply.header("etag")).await;
    assert_eq!(again.status, 304);
}

#[sqlx::test(migrations = false)]
async fn the_documentation_is_served_from_here(pool: PgPool) {
    let service = Service::without_database(pool);
    let page = service.get("/docs/").await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("https://"), "no script of others");
    assert_eq!(service.get("/docs").await.status, 303);
    assert_eq!(service.get("/openapi.json").await.ok()["openapi"], "3.1.0");
}
