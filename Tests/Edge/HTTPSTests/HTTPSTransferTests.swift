import Bytes
import HTTPS
import Testing

extension HTTPSTests {
    @Suite(.serialized) struct TransferTests {
        let server = TestServer.shared

        @Test(arguments: [1, 1_000, 65_536, 1_048_576, 5_242_880])
        func bodyArrivesAndComesBackByteForByte(count: Int) throws {
            let bench = try Bench()
            let transfer = try bench.transfer(
                server.url("good", "echo"),
                limits: HTTPSLimits(bodyBytes: count, responseBytes: count))
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
            transfer.post(bytes)
            #expect(try bench.answer(transfer).status == 200)
            #expect(transfer.responseBytes == bytes)
        }

        @Test func headersThatAreAskedForAreKeptUntilTheNextRequest() throws {
            let bench = try Bench()
            let transfer = try HTTPSTransfer(
                on: bench.client, to: server.url("good", "echo"), settings: server.settings,
                limits: HTTPSLimits(bodyBytes: 1_000, responseBytes: 1_000),
                keptHeaders: ["content-length:", "x-not-there:"])
            for count in [7, 123] {
                transfer.post([UInt8](repeating: 7, count: count))
                #expect(try bench.answer(transfer).status == 200)
                #expect(transfer.keptHeader(0) == "\(count)")
                #expect(transfer.keptHeader(1) == nil)
            }
        }

        @Test func emptyBodyIsSentWithItsLength() throws {
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "describe"))
            transfer.post([])
            _ = try bench.answer(transfer)
            #expect(transfer.responseText.contains("\nContent-Length: 0\n"))
        }

        @Test func requestHasWhatWasAskedForAndNothingElse() throws {
            let bench = try Bench()
            let transfer = try bench.transfer(
                server.url("good", "describe/a?b=c"),
                limits: HTTPSLimits(bodyBytes: 2_000_000, responseBytes: 10_000))
            transfer.post([UInt8](repeating: 7, count: 2_000_000))
            try transfer.prepare { request throws(HTTPSHeaderError) in
                try request.headers.append("Content-Type", "application/x-amz-json-1.1")
                try request.headers.append("X-Amz-Date", [UInt8]("20250715T171033Z".utf8).span)
                try request.headers.append("X-Empty", "")
            }
            _ = try bench.answer(transfer)
            let lines = transfer.responseText.split(separator: "\n").map(String.init)
            let host = server.url("good", "").dropFirst("https://".count).dropLast()
            #expect(lines.first == "POST /describe/a?b=c HTTP/1.1")
            #expect(
                Set(lines.dropFirst().dropLast(2)) == [
                    "Host: \(host)", "User-Agent: pulsegate", "Content-Length: 2000000",
                    "Content-Type: application/x-amz-json-1.1",
                    "X-Amz-Date: 20250715T171033Z", "X-Empty:",
                ])
        }

        @Test func headersAreRewrittenInPlaceForTheNextRequest() throws {
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "describe"))
            for round in 0..<3 {
                try transfer.prepare { request throws(HTTPSHeaderError) in
                    request.method = .get
                    request.headers.removeAll()
                    try request.headers.append("Accept", "text/round-\(round)".utf8Bytes.span)
                    if round == 1 { try request.headers.append("X-Second", "line") }
                }
                _ = try bench.answer(transfer)
                let lines = transfer.responseText.split(separator: "\n")
                #expect(lines.first == "GET /describe HTTP/1.1")
                #expect(lines.filter { $0.hasPrefix("Accept:") } == ["Accept: text/round-\(round)"])
                #expect(lines.contains("X-Second: line") == (round == 1))
            }
        }

        @Test func repeatWithoutPrepareSendsTheSameAgain() throws {
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "describe"))
            transfer.post([1, 2, 3])
            _ = try bench.answer(transfer)
            let first = transfer.responseText
            _ = try bench.answer(transfer)
            #expect(transfer.responseText == first)
        }

        @Test(arguments: [200, 204, 400, 403, 413, 429, 500, 503])
        func everyStatusIsAnAnswerWithItsBody(status: Int) throws {
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "status/\(status)"))
            transfer.get()
            #expect(try bench.answer(transfer).status == status)
            // RFC 9110 section 15.3.5: 204 has no body.
            #expect(transfer.responseText == (status == 204 ? "" : "the body of \(status)"))
        }

        @Test func redirectIsAnAnswerAndNotFollowed() throws {
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "redirect"))
            transfer.post([1])
            #expect(try bench.answer(transfer).status == 307)
            #expect(transfer.responseBytes == [])
        }

        @Test func chunkedResponseIsPutTogetherAndItsTrailersSayNothing() throws {
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "chunked/3"))
            transfer.get()
            #expect(try bench.answer(transfer).serverTimeSeconds == nil)
            #expect(transfer.responseText == "one two xxx")
        }

        @Test func secondRequestUsesTheConnectionOfTheFirst() throws {
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "count"))
            transfer.get()
            _ = try bench.answer(transfer)
            let connection = transfer.responseText.dropLast("request 1".count)
            #expect(transfer.traffic.isNewConnection)
            _ = try bench.answer(transfer)
            #expect(transfer.responseText == "\(connection)request 2")
            #expect(!transfer.traffic.isNewConnection)
        }

        @Test func keptConnectionThatTheServerClosedIsReplaced() throws {
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "close-after"))
            for _ in 0..<10 {
                transfer.post([1])
                #expect(try bench.answer(transfer).status == 200)
                #expect(transfer.responseText.hasSuffix("request 1"))
                #expect(transfer.traffic.isNewConnection)
            }
        }

        /// More often than libcurl's own limit of five for one handle.
        @Test func keptConnectionThatTheServerResetsIsReplacedHoweverOften() throws {
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "reset-kept"))
            for _ in 0..<20 {
                transfer.post([1])
                #expect(try bench.answer(transfer).status == 200)
                #expect(transfer.responseText.hasSuffix("request 1"))
                #expect(transfer.traffic.isNewConnection)
            }
        }

        @Test func plainHTTPReachesALoopbackAddressWhereAllowed() throws {
            let bench = try Bench()
            var settings = server.settings
            settings.allowsPlainLoopback = true
            for host in ["127.0.0.1", "localhost"] {
                let transfer = try bench.transfer(
                    server.url("plain", "echo", host: host), settings: settings)
                transfer.post([9, 8, 7])
                #expect(try bench.answer(transfer).status == 200)
                #expect(transfer.responseBytes == [9, 8, 7])
            }
        }

        @Test func configuredProxyIsTunnelledThrough() throws {
            let bench = try Bench()
            var settings = server.settings
            settings.proxy = .url(server.url("proxy", ""))
            let transfer = try bench.transfer(server.url("good", "echo"), settings: settings)
            transfer.post([4, 5])
            #expect(try bench.answer(transfer).status == 200)
            #expect(transfer.responseBytes == [4, 5])
            settings.proxy = .url("http://127.0.0.1:1")
            let other = try bench.transfer(server.url("good", "echo"), settings: settings)
            #expect(try bench.failure(other).category == .connect)
        }

        @Test func hostNameIsVerifiedAndReached() throws {
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "echo", host: "localhost"))
            transfer.post([1])
            #expect(try bench.answer(transfer).status == 200)
        }

        @Test(arguments: [0, 1, 3_000, 1_048_576])
        func sentBytesAreThoseOfHeadAndBody(count: Int) throws {
            let bench = try Bench()
            let transfer = try bench.transfer(
                server.url("good", "describe"),
                limits: HTTPSLimits(bodyBytes: 1_048_576, responseBytes: 10_000))
            transfer.post([UInt8](repeating: 1, count: count))
            for _ in 0..<2 {
                _ = try bench.answer(transfer)
                let lines = transfer.responseText.split(separator: "\n")
                #expect(transfer.traffic.sentBytes == lines.dropLast().last.flatMap { Int($0) })
            }
        }

        @Test func receivedBytesAreThoseOfHeadAndBody() throws {
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "huge/5000"))
            transfer.get()
            _ = try bench.answer(transfer)
            let head = "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
            #expect(transfer.traffic.receivedBytes == head.utf8.count + 5_000)
            #expect(transfer.traffic.durationMicroseconds > 0)
        }

        @Test(
            arguments: [
                ("none", nil), ("seconds", 17), ("date", 20), ("past", 0), ("far", nil),
                ("vast", Int.max), ("word", nil),
            ] as [(String, Int?)])
        func dateAndRetryAfterAreRead(form: String, seconds: Int?) throws {
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "retry/\(form)"))
            transfer.get()
            let answer = try bench.answer(transfer)
            #expect(answer.status == 503)
            #expect(answer.serverTimeSeconds == 1_752_599_433)  // 2025-07-15T17:10:33Z
            #expect(answer.retryAfterSeconds == seconds)
        }

        @Test func dateThatIsNoneIsLeftOut() throws {
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "bad-date"))
            transfer.get()
            #expect(try bench.answer(transfer).serverTimeSeconds == nil)
        }

        @Test func interimResponseLeavesNoTrace() throws {
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "interim"))
            transfer.get()
            let answer = try bench.answer(transfer)
            #expect(answer.status == 200)
            #expect(answer.retryAfterSeconds == nil)
            #expect(answer.serverTimeSeconds == 1_752_599_433)
            #expect(transfer.responseText == "final")
        }

        @Test func headOfTheLastAnswerIsForgotten() throws {
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "retry/seconds"))
            transfer.get()
            _ = try bench.answer(transfer)
            try transfer.setURL(server.url("good", "echo"))
            let answer = try bench.answer(transfer)
            #expect(answer.serverTimeSeconds == nil)
            #expect(answer.retryAfterSeconds == nil)
        }
    }
}

extension String {
    var utf8Bytes: [UInt8] { [UInt8](utf8) }
}
