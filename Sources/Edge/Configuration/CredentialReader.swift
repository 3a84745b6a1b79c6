import Credentials

/// Reads where a sink's access key comes from, and refuses keys that contradict each other.
enum CredentialReader {
    /// A source and the keys that belong to it.
    private struct Group {
        let choice: CredentialSettings.Choice
        let required: [String]
        var optional: [String] = []

        var keys: [String] { required + optional }
    }

    private static let groups = [
        Group(choice: .key, required: ["access_key_id", "secret_access_key_file"]),
        Group(choice: .file, required: [], optional: ["credentials_file", "profile"]),
        Group(choice: .process, required: ["credential_process"]),
        Group(
            choice: .iot,
            required: ["iot_endpoint", "iot_role_alias", "iot_certificate", "iot_key"],
            optional: ["iot_thing", "iot_ca"]),
    ]

    static func read(_ section: inout SectionReader) -> CredentialSettings {
        var settings = CredentialSettings(
            timeoutNanoseconds: section.number("credentials_timeout"))
        settings.choice =
            section.text("credentials").flatMap { .init(rawValue: $0) } ?? .auto
        check(&section, settings.choice)
        settings.accessKeyID = section.text("access_key_id")
        settings.secretFile = section.text("secret_access_key_file")
        settings.file = section.text("credentials_file")
        settings.profile = section.text("profile")
        settings.process = process(&section)
        settings.iot = iot(&section)
        return settings
    }

    /// Each source has all of its keys, and no keys of another one stand beside them.
    private static func check(
        _ section: inout SectionReader, _ choice: CredentialSettings.Choice
    ) {
        let named = groups.filter { group in
            group.keys.contains { section.written($0) != nil }
        }
        if choice == .auto {
            guard let first = named.first else { return }
            require(&section, first)
            for other in named.dropFirst() {
                refuse(
                    &section, other,
                    "names a second source of the access key beside `\(first.choice.rawValue)`",
                    remedy: "keep the keys of one of the two")
            }
            return
        }
        if let group = groups.first(where: { $0.choice == choice }) { require(&section, group) }
        for other in named where other.choice != choice {
            refuse(
                &section, other, "is not used with `credentials = \(choice.rawValue)`",
                remedy: "remove the line, or write `credentials = \(other.choice.rawValue)`")
        }
    }

    private static func require(_ section: inout SectionReader, _ group: Group) {
        for name in group.required where section.place(name) == nil {
            section.reportMissing(
                name, "is missing for an access key by `\(group.choice.rawValue)`",
                remedy: "add `\(name) = ...` to \(section.id.heading)")
        }
    }

    private static func refuse(
        _ section: inout SectionReader, _ group: Group, _ text: String, remedy: String
    ) {
        for name in group.keys where section.written(name) != nil {
            section.refuse(name, text, remedy: remedy)
        }
    }

    private static func process(_ section: inout SectionReader) -> String? {
        guard let line = section.text("credential_process") else { return nil }
        do throws(ProcessCommandError) {
            _ = try ProcessCommand(line)
        } catch {
            section.refuse(
                "credential_process", error.text,
                remedy: "write a program with its arguments; put double quotes around what has "
                    + "blanks")
        }
        return line
    }

    private static func iot(_ section: inout SectionReader) -> IoTRole? {
        guard let endpoint = section.endpoint("iot_endpoint") else { return nil }
        if !endpoint.usesTLS {
            section.refuse(
                "iot_endpoint", "is not encrypted",
                remedy: "write `https://`; the device shows its certificate there")
        }
        return IoTRole(
            url: endpoint.url, roleAlias: section.text("iot_role_alias") ?? "",
            thing: section.text("iot_thing"),
            certificateFile: section.text("iot_certificate") ?? "",
            keyFile: section.text("iot_key") ?? "", authorityFile: section.text("iot_ca"))
    }
}
