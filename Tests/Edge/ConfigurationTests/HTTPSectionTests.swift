import Testing

@testable import Configuration

/// `[http]`: where the live page and the API are served.
struct HTTPSectionTests: SectionReading {
    @Test func withoutTheSectionThereIsNoServer() throws {
        #expect(try read("").http == nil)
    }

    @Test func emptySectionServesThisMachine() throws {
        let http = try #require(try read("[http]\n").http)
        #expect(http.listen.host == "127.0.0.1")
        #expect(http.listen.port == 8080)
        #expect(http.tokenFile == nil)
        #expect(http.connections == 64)
        #expect(http.connectionsPerAddress == 16)
        #expect(http.ingest == .off)
        #expect(http.ingestRate == 1_000)
        #expect(http.ingestSyncNanoseconds == 100_000_000)
    }

    @Test func everyKeyIsRead() throws {
        let http = try #require(
            try read(
                """
                [http]
                listen = 0.0.0.0:80
                token_file = /etc/token
                connections = 8
                connections_per_address = 8
                ingest = on
                ingest_rate = 50
                ingest_sync = 1s
                """
            ).http)
        #expect(http.listen == ListenAddress("0.0.0.0:80"))
        #expect(http.tokenFile == "/etc/token")
        #expect(http.connections == 8)
        #expect(http.connectionsPerAddress == 8)
        #expect(http.ingest == .on)
        #expect(http.ingestRate == 50)
        #expect(http.ingestSyncNanoseconds == 1_000_000_000)
    }

    @Test func aFewConnectionsLeaveTwoToEachAddress() throws {
        #expect(try read("[http]\nconnections = 4\n").http?.connectionsPerAddress == 2)
    }

    @Test(arguments: ["127.0.0.1:8080", "127.1.2.3:1", "[::1]:8080", "127.0.0.1:0"])
    func thisMachineNeedsNoToken(_ listen: String) throws {
        #expect(try read("[http]\nlisten = \(listen)\n").http?.listen.isLoopback == true)
    }

    @Test(arguments: ["0.0.0.0:8080", "192.168.1.7:80", "[::]:8080", "[fd00::1]:443"])
    func wholeNetworkNeedsAToken(_ listen: String) {
        let port = listen.split(separator: ":").last ?? ""
        #expect(
            refusal("[http]\nlisten = \(listen)\n")
                == "p.conf:7: [http] listen = \(listen): lets the whole network in, and there is "
                + "no `token_file`; add `token_file = FILE`, or write `127.0.0.1:\(port)`")
        #expect(refusal("[http]\nlisten = \(listen)\ntoken_file = /t\n") == nil)
    }

    @Test(arguments: [
        "8080", "127.0.0.1", "127.0.0.1:65536", "127.0.0:80", "[::1:80", "::1:80", "1.2.3.256:80",
        "[abcd]:80", "127.0.0.1:", "[::1]x:80",
    ])
    func whatIsNoAddressIsRefused(_ listen: String) {
        #expect(refusal("[http]\nlisten = \(listen)\ntoken_file = /t\n") != nil)
        #expect(ListenAddress(listen) == nil)
    }

    @Test func nameOfAHostIsNoAddress() {
        #expect(
            refusal("[http]\nlisten = localhost:80\n")?.contains("is no numeric address") == true)
    }

    @Test func moreForOneAddressThanForAllIsRefused() {
        #expect(
            refusal("[http]\nconnections = 8\nconnections_per_address = 9\n")
                == "p.conf:8: [http] connections_per_address = 9: is above `connections`, which "
                + "is 8; write a number from 2 to 8")
    }
}
