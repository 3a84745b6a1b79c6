import Bytes
import HTTPS
import Testing

extension HTTPSTests {
    @Suite struct HeadersTests {
        private func transfer(bytes: Int = 1_000, lines: Int = 10) throws -> HTTPSTransfer {
            var limits = HTTPSLimits(bodyBytes: 1, responseBytes: 10_000)
            limits.headerBytes = bytes
            limits.headerLines = lines
            return try Bench().transfer(
                TestServer.shared.url("good", "describe"), limits: limits)
        }

        @Test func everyByteOfAValueIsTakenOrRefusedByTheStandard() throws {
            let transfer = try transfer()
            for byte in UInt8.min...UInt8.max {
                let isAllowed = byte == 0x09 || (0x20...0x7E).contains(byte) || byte >= 0x80
                var refusal: HTTPSHeaderError?
                transfer.prepare { request in
                    request.headers.removeAll()
                    do throws(HTTPSHeaderError) {
                        try request.headers.append("X-Value", [65, byte, 66].span)
                    } catch {
                        refusal = error
                    }
                }
                #expect(refusal == (isAllowed ? nil : .forbiddenByte), "byte \(byte)")
            }
        }

        @Test func lineEndInAValueAddsNoLine() throws {
            let bench = try Bench()
            let transfer = try bench.transfer(TestServer.shared.url("good", "describe"))
            transfer.get()
            #expect(throws: HTTPSHeaderError.forbiddenByte) {
                try transfer.prepare { request throws(HTTPSHeaderError) in
                    try request.headers.append("X-Good", "before")
                    try request.headers.append("X-Bad", "one\r\nX-Smuggled: two")
                }
            }
            #expect(throws: HTTPSHeaderError.forbiddenByte) {
                try transfer.prepare { request throws(HTTPSHeaderError) in
                    try request.headers.append("X-Bad", "one\nX-Smuggled: two".utf8Bytes.span)
                }
            }
            _ = try bench.answer(transfer)
            #expect(transfer.responseText.contains("X-Good: before"))
            #expect(!transfer.responseText.contains("X-Bad"))
            #expect(!transfer.responseText.contains("X-Smuggled"))
        }

        @Test func linesUpToTheLimitAreSentAndOneMoreIsRefused() throws {
            let bench = try Bench()
            var limits = HTTPSLimits(bodyBytes: 1, responseBytes: 10_000)
            limits.headerLines = 2
            limits.headerBytes = 11  // "A: 1", NUL, "B: 23", NUL
            let transfer = try bench.transfer(
                TestServer.shared.url("good", "describe"), limits: limits)
            transfer.get()
            var refusals: [HTTPSHeaderError] = []
            transfer.prepare { request in
                for (value, isLonger) in [("1", false), ("234", true), ("23", false), ("4", true)] {
                    do throws(HTTPSHeaderError) {
                        try request.headers.append(
                            value == "1" ? "A" : "B", value.utf8Bytes.span)
                        #expect(!isLonger)
                    } catch {
                        #expect(isLonger)
                        refusals.append(error)
                    }
                }
            }
            #expect(refusals == [.full, .full])
            _ = try bench.answer(transfer)
            let lines = transfer.responseText.split(separator: "\n")
            #expect(lines.filter { $0.hasPrefix("A:") || $0.hasPrefix("B:") } == ["A: 1", "B: 23"])
        }

        @Test func lineTooManyIsRefusedThoughItsTextFits() throws {
            let transfer = try transfer(lines: 1)
            #expect(throws: HTTPSHeaderError.full) {
                try transfer.prepare { request throws(HTTPSHeaderError) in
                    try request.headers.append("A", "1")
                    try request.headers.append("B", "2")
                }
            }
        }

        @Test func nameThatIsNoTokenIsABugOfOurOwn() async {
            await #expect(processExitsWith: .failure) {
                let bench = try Bench()
                let transfer = try bench.transfer("https://127.0.0.1:1/")
                try transfer.prepare { request throws(HTTPSHeaderError) in
                    try request.headers.append("X-Bad:", "value")
                }
            }
        }
    }
}
