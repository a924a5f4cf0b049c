#include "http/static_files.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "http_server.h"

using namespace duplex;
using test::HttpServer;
using test::overEachBackend;
using test::Reply;
using test::SimLoop;

namespace {

namespace fs = std::filesystem;

void write(const std::string& path, std::string_view text) {
  std::ofstream(path) << text;
}

/// A site, with things beside it that must not be seen.
struct Site {
  Site() {
    char name[] = "/tmp/duplex-static-XXXXXX";
    root = ::mkdtemp(name);
    fs::create_directories(root + "/www/sub");
    fs::create_directories(root + "/www/empty");
    fs::create_directories(root + "/www/.git");
    write(root + "/secret.txt", "secret");
    write(root + "/www/index.html", "<h1>");
    write(root + "/www/sub/index.html", "sub");
    write(root + "/www/data.txt", "0123456789");
    write(root + "/www/a b.css", "css");
    write(root + "/www/.env", "secret");
    write(root + "/www/.git/config", "secret");
    write(root + "/www/none", "");
    fs::create_symlink("../secret.txt", root + "/www/link.txt");
    fs::create_symlink("..", root + "/www/up");
  }
  ~Site() { fs::remove_all(root); }
  std::string root;
};

struct Fixture {
  Site site;
  SimLoop sim;
  HttpServer server{sim.loop};

  void serve(std::string_view prefix = "/", StaticOptions options = {}) {
    auto files = std::make_shared<http::StaticFiles>(site.root + "/www", std::move(options));
    server.on("", prefix, [files](Request& req, Response&, Next& next) {
      if (!files->serve(*req.exchange())) next();
    });
  }
  std::string body(std::string_view target) { return server.get(target).body; }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "files and folders") {
  serve();
  const Reply page = server.get("/");
  CHECK(page.status == 200);
  CHECK(page.body == "<h1>");
  CHECK(page.header("Content-Type") == "text/html; charset=utf-8");
  CHECK(page.header("Cache-Control") == "public, max-age=0");
  CHECK(page.header("Accept-Ranges") == "bytes");
  CHECK(page.header("Last-Modified").ends_with(" GMT"));
  CHECK(page.header("ETag") != "");
  CHECK(body("/index.html") == "<h1>");
  CHECK(body("/sub/") == "sub");
  CHECK(body("/a%20b.css") == "css");
  CHECK(body("/none") == "");
  CHECK(server.get("/none").header("Content-Type") == "application/octet-stream");
  const Reply head = server.request("HEAD", "/data.txt");
  CHECK(head.status == 200);
  CHECK(head.header("Content-Length") == "10");
  for (const char* target : {"/missing", "/empty/", "/empty", "/data.txt/", "/data.txt/x", "/DATA.TXT"}) {
    CAPTURE(target);
    CHECK(server.get(target).status == 404);
  }
  CHECK(server.request("POST", "/data.txt", {}, "x").status == 404);
  CHECK(server.upgrade("/").status == 404);
}

TEST_CASE_FIXTURE(Fixture, "a folder without its slash is redirected to") {
  serve("/static");
  const Reply sub = server.get("/static/sub?x=1");
  CHECK(sub.status == 301);
  CHECK(sub.header("Location") == "/static/sub/?x=1");
  CHECK(server.get("/static").header("Location") == "/static/");
  CHECK(body("/static/") == "<h1>");
  // No way to another host.
  for (const char* target :
       {"//evil.example/", "//static/sub", "/static//sub", "/static/%2Fevil.example/sub"}) {
    CAPTURE(target);
    CHECK(server.get(target).status == 404);
  }
}

TEST_CASE_FIXTURE(Fixture, "nothing leads out, and nothing hidden is shown") {
  serve();
  for (const char* target : {"/../secret.txt",
                             "/%2e%2e/secret.txt",
                             "/..%2fsecret.txt",
                             "/%2e%2e%2fsecret.txt",
                             "/sub/../../secret.txt",
                             "/sub/%2e%2e/%2e%2e/secret.txt",
                             "/..%5csecret.txt",
                             "/..\\secret.txt",
                             "/sub/..%2f..%2fsecret.txt",
                             "/link.txt",
                             "/up/secret.txt",
                             "/.env",
                             "/.git/config",
                             "/%2egit/config",
                             "/sub/../.env",
                             "/./data.txt",
                             "//data.txt",
                             "/sub//index.html",
                             "/sub%2findex.html",
                             "/%2fetc/passwd",
                             "//etc/passwd",
                             "/....//secret.txt",
                             "/%c0%ae%c0%ae/secret.txt",
                             "/..;/secret.txt"}) {
    CAPTURE(target);
    const Reply reply = server.get(target);
    CHECK(reply.status == 404);
    CHECK(reply.body.find("secret") == std::string::npos);
  }
  for (const char* target : {"/%", "/data.txt%", "/%2", "/%zz", "/data.txt%00.html", "/%00"}) {
    CAPTURE(target);
    CHECK(server.get(target).status == 400);
  }
  CHECK(server.get("/" + std::string(5000, 'a')).status == 404);
}

TEST_CASE_FIXTURE(Fixture, "options") {
  serve("/all", {.maxAge = std::chrono::seconds(60), .dotfiles = true});
  serve("/plain", {.index = ""});
  CHECK(body("/all/.env") == "secret");
  CHECK(server.get("/all/data.txt").header("Cache-Control") == "public, max-age=60");
  CHECK(server.get("/all/../secret.txt").status == 404);
  CHECK(server.get("/plain/").status == 404);
  CHECK(server.get("/plain/data.txt").status == 200);
  CHECK_THROWS_AS(http::StaticFiles(site.root + "/nowhere", {}), std::system_error);
  CHECK_THROWS_AS(http::StaticFiles(site.root + "/secret.txt", {}), std::system_error);
}

TEST_CASE_FIXTURE(Fixture, "conditions") {
  serve();
  const Reply first = server.get("/data.txt");
  const std::string etag = first.header("ETag");
  const std::string modified = first.header("Last-Modified");
  const Reply fresh = server.get("/data.txt", "If-None-Match: " + etag + "\r\n");
  CHECK(fresh.status == 304);
  CHECK(fresh.body == "");
  CHECK(fresh.header("ETag") == etag);
  CHECK(server.get("/data.txt", "If-Modified-Since: " + modified + "\r\n").status == 304);
  CHECK(server.get("/data.txt", "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n").status == 200);
  CHECK(server.get("/data.txt", "If-None-Match: \"x\"\r\nIf-Modified-Since: " + modified + "\r\n").status ==
        200);
  CHECK(server.get("/data.txt", "If-Match: \"x\"\r\n").status == 412);
}

TEST_CASE_FIXTURE(Fixture, "one range") {
  serve();
  const auto range = [&](const std::string& value) {
    return server.get("/data.txt", "Range: " + value + "\r\n");
  };
  const Reply part = range("bytes=2-4");
  CHECK(part.status == 206);
  CHECK(part.body == "234");
  CHECK(part.header("Content-Range") == "bytes 2-4/10");
  CHECK(part.header("Content-Length") == "3");
  CHECK(range("bytes=-3").body == "789");
  CHECK(range("bytes=8-").body == "89");
  const Reply beyond = range("bytes=10-");
  CHECK(beyond.status == 416);
  CHECK(beyond.header("Content-Range") == "bytes */10");
  CHECK(range("bytes=0-1,3-4").status == 200);
  const std::string etag = part.header("ETag");
  CHECK(server.get("/data.txt", "Range: bytes=0-0\r\nIf-Range: " + etag + "\r\n").status == 206);
  CHECK(server.get("/data.txt", "Range: bytes=0-0\r\nIf-Range: \"old\"\r\n").status == 200);
  CHECK(server.request("HEAD", "/data.txt", "Range: bytes=0-0\r\n").status == 200);
}

TEST_CASE("a large file goes out as it is taken, and is never whole in memory") {
  Site site;
  std::string content;
  for (int i = 0; content.size() < 5'000'000; ++i) content += std::to_string(i) + ",";
  write(site.root + "/www/large.bin", content);
  overEachBackend([&](net::Loop& loop) {
    HttpServer server(loop);
    http::StaticFiles files(site.root + "/www", {});
    server.on("", "/", [&](Request& req, Response&) { files.serve(*req.exchange()); });
    const auto client = server.connect();
    client->send("GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\nGET /data.txt HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(client->reply().body == content);
    CHECK(client->reply().body == "0123456789");
  });
}

TEST_CASE("a file that shrinks while it is sent ends the connection") {
  Site site;
  write(site.root + "/www/large.bin", std::string(5'000'000, 'x'));
  SimLoop sim({.capacity = 64 * 1024});
  HttpServer server(sim.loop);
  http::StaticFiles files(site.root + "/www", {});
  server.on("", "/", [&](Request& req, Response&) { files.serve(*req.exchange()); });
  const auto client = server.connect();
  client->send("GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(client->receives("xxx"));
  fs::resize_file(site.root + "/www/large.bin", 100);
  CHECK(client->closes());
  CHECK(client->reset);
  CHECK(server.errors.size() == 1);
}

TEST_CASE("a file that cannot be read ends the connection") {
  SimLoop sim;
  HttpServer server(sim.loop);
  server.on("GET", "/", [](Request& req, Response&) {
    std::error_code error;
    // A file of which the first byte cannot be read: no memory of this process lies there.
    http::FileBody body{http::File::open("/proc/self/mem", error), 0, 1000};
    REQUIRE_FALSE(error);
    http::Exchange& exchange = *req.exchange();
    REQUIRE(exchange.claim());
    exchange.connection->respond(exchange, std::move(body));
  });
  const auto client = server.connect();
  client->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(client->closes());
  CHECK(client->reset);
  CHECK(server.errors.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "sendFile") {
  const std::string www = site.root + "/www";
  server.on("GET", "/file", [&](Request&, Response& res) { res.sendFile(www + "/data.txt"); });
  server.on("GET", "/page",
            [&](Request&, Response& res) { res.status(404).type("txt").sendFile(www + "/index.html"); });
  server.on("GET", "/below/*",
            [&](Request& req, Response& res) { res.sendFile(req.params("*"), {.root = www}); });
  server.on("GET", "/folder", [&](Request&, Response& res) { res.sendFile(www); });
  CHECK(body("/file") == "0123456789");
  CHECK(server.get("/file", "Range: bytes=1-1\r\n").body == "1");
  const Reply page = server.get("/page", "Range: bytes=1-1\r\n");
  CHECK(page.status == 404);
  CHECK(page.body == "<h1>");
  CHECK(page.header("Content-Type") == "text/plain; charset=utf-8");
  CHECK(body("/below/sub/index.html") == "sub");
  for (const char* target : {"/below/..%2fsecret.txt", "/below/%2fetc/passwd", "/below/link.txt",
                             "/below/.env", "/below/missing", "/folder"}) {
    CAPTURE(target);
    const Reply reply = server.get(target);
    CHECK(reply.status == 404);
    CHECK(reply.header("ETag") == "");
  }
}
