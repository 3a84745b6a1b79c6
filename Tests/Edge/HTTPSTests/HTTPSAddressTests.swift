import Foundation
import HTTPS
import Testing

extension HTTPSTests {
    @Suite(.serialized) struct AddressTests {
        let server = TestServer.shared

        private func refusal(_ url: String, plain: Bool) throws -> HTTPSError? {
            var settings = server.settings
            settings.allowsPlainLoopback = plain
            let client = try HTTPSClient()
            do throws(HTTPSError) {
                _ = try HTTPSTransfer(
                    on: client, to: url, settings: settings,
                    limits: HTTPSLimits(bodyBytes: 1, responseBytes: 1))
                return nil
            } catch {
                return error
            }
        }

        @Test(
            arguments: [
                "http://192.0.2.1/", "http://example.com/", "http://127.evil.example/",
                "http://127.evil.example.com/",
                "http://localhost.evil.example/", "http://127.0.0.1.evil.example/",
                "http://127.0.0.1.2/",
                "http://128.0.0.1/", "http://[::2]/", "http://0.0.0.0/", "ftp://127.0.0.1/",
                "file:///etc/passwd",
            ])
        func plainTextLeavesTheMachineNever(url: String) throws {
            let refusal = try refusal(url, plain: true)
            #expect(refusal == .insecureURL || refusal == .malformedURL)
        }

        @Test(arguments: ["http://127.0.0.1:8/", "http://localhost/", "http://[::1]/x"])
        func plainTextToLoopbackIsASetting(url: String) throws {
            #expect(try refusal(url, plain: true) == nil)
            #expect(try refusal(url, plain: false) == .insecureURL)
        }

        @Test(arguments: ["", "kinesis", "https://", "https://a b/", "/path"])
        func textWithoutHostIsNoURL(url: String) throws {
            #expect(try refusal(url, plain: true) == .malformedURL)
        }

        @Test(arguments: ["https://me@example.com/", "https://me:hush@example.com/"])
        func credentialsInAURLAreRefused(url: String) throws {
            #expect(try refusal(url, plain: false) == .credentialsInURL)
        }

        @Test func refusedURLLeavesTheOldOne() throws {
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "echo"))
            #expect(throws: HTTPSError.insecureURL) {
                try transfer.setURL("http://example.com/")
            }
            transfer.post([6])
            #expect(try bench.answer(transfer).status == 200)
            #expect(transfer.responseBytes == [6])
        }

        @Test func proxyOfTheEnvironmentIsNotAskedForThisMachine() throws {
            let names = ["https_proxy", "http_proxy", "all_proxy"]
            let before = names.map { ProcessInfo.processInfo.environment[$0] }
            for name in names { unsafe setenv(name, "http://127.0.0.1:1", 1) }
            defer {
                for (name, value) in zip(names, before) {
                    if let value { unsafe setenv(name, value, 1) } else { unsafe unsetenv(name) }
                }
            }
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "echo"))
            transfer.post([6])
            #expect(try bench.answer(transfer).status == 200)
        }
    }
}
