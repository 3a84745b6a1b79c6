import Credentials

extension Key {
    /// Where the access key of a sink comes from.
    static let credentials: [Key] = [
        Key(
            .sink, "credentials", .choice(CredentialSettings.Choice.allCases.map(\.rawValue)),
            .value("auto"), types: services,
            "The source of the access key. `auto` is what the keys below name, or else the first "
                + "place that has one (README, Credentials)."),
        Key(
            .sink, "access_key_id", .text(keyIDRule, name: "AKIA..."), .absent("none"),
            types: services, "The name of an access key, with its secret in a file."),
        Key(
            .sink, "secret_access_key_file", .path(name: "FILE"), .absent("none"),
            types: services,
            "The file with that key's secret, one line; `$CREDENTIALS_DIRECTORY/NAME` is what "
                + "systemd's `LoadCredential=NAME:...` hands over, in this and the other paths."),
        Key(
            .sink, "credentials_file", .path(name: "FILE"),
            .absent("`AWS_SHARED_CREDENTIALS_FILE`, `~/.aws/credentials`"), types: services,
            "The shared credentials file; set, it goes before the environment."),
        Key(
            .sink, "profile", .text(anyText(1...128), name: "NAME"), .absent("`AWS_PROFILE`"),
            types: services,
            "The profile in the shared credentials file; set, it goes before the environment."),
        Key(
            .sink, "credential_process", .command, .absent("none"), types: services,
            "A program that prints a key as JSON (AWS's Version 1)."),
        Key(
            .sink, "iot_endpoint", .endpoint, .absent("none"), types: services,
            "AWS IoT's credential provider (`aws iot describe-endpoint --endpoint-type "
                + "iot:CredentialProvider`)."),
        Key(
            .sink, "iot_role_alias", .text(roleAliasRule, name: "ALIAS"), .absent("none"),
            types: services, "The role alias that is asked for."),
        Key(
            .sink, "iot_thing", .text(thingRule, name: "THING"), .absent("none"),
            types: services, "The name of the thing, for policies that ask for it."),
        Key(
            .sink, "iot_certificate", .path(name: "FILE"), .absent("none"), types: services,
            "The device's certificate (PEM)."),
        Key(
            .sink, "iot_key", .path(name: "FILE"), .absent("none"), types: services,
            "Its private key (PEM, without a passphrase)."),
        Key(
            .sink, "iot_ca", .path(name: "FILE"), .absent("the system's"), types: services,
            "Certificate authorities that are trusted for the provider (PEM)."),
        Key(
            .sink, "credentials_timeout", .duration(second...10 * minute), .value("30s"),
            types: services, "How long `credential_process` or the provider may take."),
    ]

    /// IAM API reference, AccessKey: `[\w]+`, 16 to 128.
    private static let keyIDRule = TextRule(
        lengths: 16...128, characters: "A-Z a-z 0-9 _", marks: Array("_".utf8))
    /// AWS IoT API reference, CreateRoleAlias: `[\w=,@-]+`, 1 to 128.
    private static let roleAliasRule = TextRule(
        lengths: 1...128, characters: "A-Z a-z 0-9 _ = , @ -", marks: Array("_=,@-".utf8))
    /// AWS IoT API reference, CreateThing: `[a-zA-Z0-9:_-]+`, 1 to 128.
    private static let thingRule = TextRule(
        lengths: 1...128, characters: "A-Z a-z 0-9 : _ -", marks: Array(":_-".utf8))
}
