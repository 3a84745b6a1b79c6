import HTTPS
import Testing

extension HTTPSTests {
    /// A certificate of this side, and what is asked without TLS.
    @Suite(.serialized) struct IdentityTests {
        let server = TestServer.shared

        /// The folder of the server's certificates.
        private var folder: String { String(server.authorityFile.dropLast("/ca.pem".count)) }

        private func settings(_ certificate: String?, key: String? = nil) -> HTTPSSettings {
            var settings = server.settings
            settings.clientCertificateFile = certificate.map { "\(folder)/\($0).pem" }
            settings.clientKeyFile = (key ?? certificate).map { "\(folder)/\($0).key" }
            return settings
        }

        @Test func theCertificateOfThisSideIsShown() throws {
            let bench = try Bench()
            let transfer = try bench.transfer(
                server.url("mutual", "echo"), settings: settings("good"))
            transfer.post([1, 2])
            #expect(try bench.answer(transfer).status == 200)
            #expect(transfer.responseBytes == [1, 2])
        }

        @Test(arguments: [nil, "unknown"])
        func withoutARightOneThereIsNoAnswer(certificate: String?) throws {
            let failure = try Bench().failure(
                of: server.url("mutual", "echo"), settings: settings(certificate))
            #expect(failure.category == .connectionLost || failure.category == .tls)
            #expect(failure.status == nil)
            if certificate != nil {
                #expect(failure.remedy.contains("does not take the certificate of this side"))
                #expect(failure.remedy.contains("\(folder)/unknown.key"))
            }
        }

        @Test func filesThatCannotBeReadOrDoNotFitAreNamed() throws {
            for settings in [
                settings("none"), settings("good", key: "none"),
                settings("good", key: "unknown"),
            ] {
                let failure = try Bench().failure(
                    of: server.url("mutual", "echo"), settings: settings)
                #expect(failure.category == .tls)
                #expect(!failure.isAnswerLost)
                #expect(failure.remedy.contains("or it cannot be read: check \(folder)/"))
            }
        }

        @Test func aPutHasItsNameAndTheNextRequestItsOwn() throws {
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "describe"))
            transfer.prepare { $0.method = .put }
            #expect(try bench.answer(transfer).status == 200)
            #expect(transfer.responseText.hasPrefix("PUT /describe HTTP/1.1\n"))
            #expect(transfer.responseText.contains("\nContent-Length: 0"))
            transfer.get()
            _ = try bench.answer(transfer)
            #expect(transfer.responseText.hasPrefix("GET /describe HTTP/1.1\n"))
            transfer.post([1])
            _ = try bench.answer(transfer)
            #expect(transfer.responseText.hasPrefix("POST /describe HTTP/1.1\n"))
        }

        @Test func hostsThatAreNamedMayBeAskedWithoutTLSAndNoOthers() throws {
            var settings = server.settings
            settings.plainHosts = ["169.254.169.254", "[fd00:ec2::254]"]
            for (url, isTaken) in [
                ("http://169.254.169.254/latest", true), ("http://[fd00:ec2::254]/", true),
                ("http://169.254.169.254:81/", true), ("http://169.254.169.25/", false),
                ("http://169.254.169.254.example/", false), ("http://127.0.0.1/", false),
                ("http://169.254.169.254@example.com/", false),
                ("http://example.com#169.254.169.254/", false),
            ] {
                let client = try HTTPSClient()
                var refusal: HTTPSError?
                do throws(HTTPSError) {
                    _ = try HTTPSTransfer(
                        on: client, to: url, settings: settings,
                        limits: HTTPSLimits(bodyBytes: 1, responseBytes: 1))
                } catch {
                    refusal = error
                }
                #expect((refusal == nil) == isTaken, "\(url)")
            }
        }
    }
}
