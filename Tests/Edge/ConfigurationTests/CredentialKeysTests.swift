import Credentials
import Settings
import Testing

@testable import Configuration

/// Where the key of a sink comes from.
@Suite struct CredentialKeysTests {
    private let start = """
        [gateway]
        device_id = bed
        data = /data
        [input]
        type = stdin
        [sink cloud]
        type = kinesis
        stream = pulse
        region = eu-central-1

        """

    private func read(_ lines: String) throws(ConfigurationError) -> CredentialSettings? {
        let document = SettingsDocument.parse(Array((start + lines).utf8), file: "p.conf")
        let configuration = try Configuration.read([document], hostName: "host")
        guard case .kinesis(let service, _) = configuration.sinks.first?.target else { return nil }
        return service.credentials
    }

    private func refusals(_ lines: String) -> [String] {
        do throws(ConfigurationError) {
            _ = try read(lines)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test func everySourceHasItsKeys() throws {
        #expect(try read("") == CredentialSettings())
        let iot = try read(
            """
            iot_endpoint = https://c1.credentials.iot.eu-central-1.amazonaws.com/
            iot_role_alias = pulse
            iot_thing = gym:7
            iot_certificate = /c.pem
            iot_key = $CREDENTIALS_DIRECTORY/key
            credentials_timeout = 1s
            """)
        var wanted = CredentialSettings(timeoutNanoseconds: 1_000_000_000)
        wanted.iot = IoTRole(
            url: "https://c1.credentials.iot.eu-central-1.amazonaws.com", roleAlias: "pulse",
            thing: "gym:7", certificateFile: "/c.pem", keyFile: "$CREDENTIALS_DIRECTORY/key",
            authorityFile: nil)
        #expect(iot == wanted)
        let process = try read("credential_process = \"/opt/my keys\" 'a b' \"c\"\n")
        #expect(process?.process == "\"/opt/my keys\" 'a b' \"c\"")
        #expect(process?.effectiveChoice == .process)
        let key = try read(
            "access_key_id = AKIAIOSFODNN7EXAMPLE\nsecret_access_key_file = /secret\n")
        #expect(key?.accessKeyID == "AKIAIOSFODNN7EXAMPLE" && key?.secretFile == "/secret")
        for choice in CredentialSettings.Choice.allCases
        where ![.key, .process, .iot].contains(choice) {
            #expect(try read("credentials = \(choice.rawValue)\n")?.effectiveChoice == choice)
        }
    }

    @Test func whatContradictsIsNamedWithItsRemedy() {
        #expect(
            refusals("credential_process = /x geheim\nprofile = p\n") == [
                "p.conf:10: [sink cloud] credential_process = ...: names a second source of the "
                    + "access key beside `file`; keep the keys of one of the two"
            ])
        #expect(
            refusals("credentials = instance\niot_key = /k\n") == [
                "p.conf:11: [sink cloud] iot_key = /k: is not used with `credentials = instance`; "
                    + "remove the line, or write `credentials = iot`"
            ])
        #expect(
            refusals("credentials = process\n") == [
                "p.conf:6: [sink cloud] credential_process: is missing for an access key by "
                    + "`process`; add `credential_process = ...` to [sink cloud]"
            ])
    }

    @Test func noSecretIsInAComplaint() {
        for line in [
            "secret_access_key = geheim", "aws_session_token = geheim", "Password = geheim",
            "credential_process = '/x geheim", "secret_access_key = geheim #x",
            "session_token = geheim" + String(repeating: "x", count: 300),
            "credential_process = /x geheim #x",
        ] {
            let said = refusals(line + "\n")
            #expect(!said.isEmpty, "\(line)")
            #expect(!said.joined().contains("geheim"), "\(said)")
        }
    }
}
