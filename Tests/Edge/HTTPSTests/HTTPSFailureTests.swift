import Bytes
import HTTPS
import Testing

extension HTTPSTests {
    @Suite(.serialized) struct FailureTests {
        let server = TestServer.shared

        @Test(
            arguments: [
                ("unknown", .unknownIssuer), ("wrongname", .wrongName), ("expired", .expired),
                ("notyet", .notYetValid),
            ] as [(String, HTTPSFailure.CertificateProblem)])
        func wrongCertificateIsRefusedBeforeTheRequest(
            peer: String, problem: HTTPSFailure.CertificateProblem
        ) throws {
            let failure = try Bench().failure(of: server.url(peer, "echo"))
            #expect(failure.category == .certificate)
            #expect(failure.certificateProblem == problem)
            #expect(!failure.isAnswerLost)
            #expect(failure.status == nil)
        }

        @Test func remediesForCertificatesNameFileAndClock() throws {
            let bench = try Bench()
            let unknown = try bench.failure(of: server.url("unknown", "echo"))
            #expect(unknown.remedy.contains(server.authorityFile))
            let early = try bench.failure(of: server.url("notyet", "echo"))
            #expect(early.remedy.contains("timedatectl"))
            #expect(early.description.hasPrefix("certificate: "))
        }

        @Test func systemAuthoritiesDoNotKnowTheTestAuthority() throws {
            var settings = server.settings
            settings.certificateAuthorityFile = nil
            let failure = try Bench().failure(of: server.url("good", "echo"), settings: settings)
            #expect(failure.category == .certificate)
            #expect(failure.certificateProblem == .unknownIssuer)
            #expect(failure.remedy.contains("ca-certificates"))
        }

        @Test func folderOfAuthoritiesIsTrustedAndNoOther() throws {
            let folder = server.authorityFile.replacing("ca.pem", with: "authorities")
            var settings = server.settings
            settings.certificateAuthorityFile = nil
            settings.certificateAuthorityFolder = folder
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "echo"), settings: settings)
            #expect(try bench.answer(transfer).status == 200)
            let failure = try bench.failure(of: server.url("unknown", ""), settings: settings)
            #expect(failure.certificateProblem == .unknownIssuer)
            #expect(failure.remedy.contains(folder))
        }

        /// The words name the port; what a log says once is the cause.
        @Test func causeIsTheSameHoweverTheWordsDiffer() throws {
            let bench = try Bench()
            let one = try bench.failure(of: "https://127.0.0.1:1/")
            let other = try bench.failure(of: "https://127.0.0.1:2/")
            #expect(one.text != other.text)
            #expect(one.cause == other.cause)
            let expired = try bench.failure(of: server.url("expired", "echo"))
            let unknown = try bench.failure(of: server.url("unknown", "echo"))
            #expect(Set([one.cause, expired.cause, unknown.cause]).count == 3)
        }

        @Test func missingAuthorityFileIsNamed() throws {
            var settings = server.settings
            settings.certificateAuthorityFile = "/nowhere/ca.pem"
            let failure = try Bench().failure(of: server.url("good", "echo"), settings: settings)
            #expect(failure.certificateProblem == .unreadableAuthorities)
            #expect(failure.remedy.contains("/nowhere/ca.pem"))
        }

        @Test func oldTLSIsRefused() throws {
            let failure = try Bench().failure(of: server.url("old", "echo"))
            #expect(failure.category == .tls)
            #expect(!failure.isAnswerLost)
        }

        @Test func nameThatDoesNotExistIsNamed() throws {
            let failure = try Bench().failure(of: "https://nowhere.invalid/")  // RFC 2606
            #expect(failure.category == .nameResolution)
            #expect(!failure.isAnswerLost)
            #expect(failure.remedy.contains("nowhere.invalid:443"))
        }

        @Test func refusedPortIsNamed() throws {
            let failure = try Bench().failure(of: "https://127.0.0.1:1/")
            #expect(failure.category == .connect)
            #expect(!failure.isAnswerLost)
            #expect(failure.remedy.contains("127.0.0.1:1"))
        }

        @Test func peerThatIsNoHTTPServerIsNamed() throws {
            let failure = try Bench().failure(of: server.url("garbage", ""))
            #expect(failure.category == .notHTTP)
            #expect(failure.isAnswerLost)
        }

        @Test func serverThatDoesNotAnswerEndsAtTheTotalTime() throws {
            var settings = server.settings
            settings.totalTimeoutMilliseconds = 200
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "stall"), settings: settings)
            transfer.post([1])
            let start = ContinuousClock.now
            let failure = try bench.failure(transfer)
            let elapsed = ContinuousClock.now - start
            #expect(failure.category == .timeOut)
            #expect(failure.isAnswerLost)
            #expect(elapsed >= .milliseconds(195) && elapsed < .milliseconds(700))
        }

        @Test func peerThatDoesNotSpeakTLSEndsAtTheConnectTime() throws {
            var settings = server.settings
            settings.connectTimeoutMilliseconds = 200
            let bench = try Bench()
            let start = ContinuousClock.now
            let url = server.url("mute", "")
            let failure = try bench.failure(of: url, settings: settings)
            let elapsed = ContinuousClock.now - start
            #expect(failure.category == .timeOut)
            #expect(!failure.isAnswerLost)
            #expect(elapsed >= .milliseconds(195) && elapsed < .milliseconds(700))
        }

        @Test func serverThatDoesNotReadALargeBodyEndsAtTheTotalTime() throws {
            var settings = server.settings
            settings.totalTimeoutMilliseconds = 200
            let bench = try Bench()
            let transfer = try bench.transfer(
                server.url("good", "stall-before"), settings: settings,
                limits: HTTPSLimits(bodyBytes: 5_242_880, responseBytes: 1_000))
            transfer.prepare { $0.body.resize(to: 5_242_880) }
            let failure = try bench.failure(transfer)
            #expect(failure.category == .timeOut)
            #expect(failure.isAnswerLost)
        }

        @Test func transferThatDripsIsGivenUp() throws {
            var settings = server.settings
            settings.lowSpeedBytesPerSecond = 1_000
            settings.lowSpeedSeconds = 1
            let failure = try Bench().failure(of: server.url("good", "drip"), settings: settings)
            #expect(failure.category == .timeOut)
            #expect(failure.status == 200)
            #expect(failure.isAnswerLost)
        }

        @Test(arguments: ["reset-before", "reset-after"])
        func resetLosesTheAnswer(path: String) throws {
            let bench = try Bench()
            let transfer = try bench.transfer(
                server.url("good", path),
                limits: HTTPSLimits(bodyBytes: 1_048_576, responseBytes: 1_000))
            transfer.prepare { $0.body.resize(to: 1_048_576) }
            let failure = try bench.failure(transfer)
            #expect(failure.category == .connectionLost)
            #expect(failure.isAnswerLost)
        }

        @Test func truncatedResponseLosesTheAnswer() throws {
            let failure = try Bench().failure(of: server.url("good", "truncate"))
            #expect(failure.category == .connectionLost)
            #expect(failure.isAnswerLost)
            #expect(failure.status == 200)
        }

        /// With its length in the head, and without.
        @Test(arguments: ["huge/1001", "chunked/1000", "huge/10000000"])
        func responseLargerThanTheLimitIsAFailure(path: String) throws {
            let bench = try Bench()
            let limits = HTTPSLimits(bodyBytes: 1, responseBytes: 1_000)
            let failure = try bench.failure(of: server.url("good", path), limits: limits)
            #expect(failure.category == .responseTooLarge)
            #expect(failure.isAnswerLost)
            #expect(failure.status == 200)
            // The same client goes on.
            let transfer = try bench.transfer(server.url("good", "huge/1000"), limits: limits)
            transfer.get()
            #expect(try bench.answer(transfer).status == 200)
            #expect(transfer.response.count == 1_000)
        }

        @Test(arguments: ["unknown", "garbage", "good", "mute"])
        func failureTellsNothingOfBodyAndHeaders(peer: String) throws {
            var settings = server.settings
            settings.connectTimeoutMilliseconds = 100
            let bench = try Bench()
            let transfer = try bench.transfer(
                server.url(peer, "truncate/HUSH"), settings: settings)
            transfer.post("HUSH".utf8Bytes)
            try transfer.prepare { request throws(HTTPSHeaderError) in
                try request.headers.append("Authorization", "HUSH")
            }
            let failure = try bench.failure(transfer)
            #expect(!failure.description.contains("HUSH"))
            #expect(!failure.remedy.isEmpty)
        }
    }
}
