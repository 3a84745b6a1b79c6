internal import Settings

/// Reads the sections of sinks that are reached over the network.
enum SinkReader {
    static func kinesis(_ section: inout SectionReader) -> SinkSettings.Target {
        let settings = stream(&section, service: "kinesis")
        let isAggregated = section.flag("aggregate")
        return .kinesis(
            settings, aggregateBytes: isAggregated ? Int(section.number("aggregate_bytes")) : nil)
    }

    /// A sink with a stream of the service's.
    static func stream(
        _ section: inout SectionReader, service: String
    ) -> ServiceSinkSettings {
        let stream = section.requiredText("stream")
        let region = section.requiredText("region")
        let endpoint =
            section.endpoint("endpoint") ?? standardEndpoint(service: service, region: region)
        return settings(&section, stream: stream, region: region, endpoint: endpoint)
    }

    static func openSearch(_ section: inout SectionReader) -> SinkSettings.Target {
        let access = access(&section)
        var region = ""
        if case .signed = access { region = section.requiredText("region") }
        if !section.isPlaced("endpoint") {
            section.reportMissing(
                "endpoint", "is missing", remedy: "add `endpoint = https://DOMAIN`")
        }
        let endpoint =
            section.endpoint("endpoint") ?? standardEndpoint(service: "es", region: "none")
        return .openSearch(
            settings(
                &section, stream: section.text("index") ?? "", region: region, endpoint: endpoint),
            access, putsTemplate: section.flag("template"))
    }

    private static func access(_ section: inout SectionReader) -> OpenSearchAccess {
        switch section.text("access") {
        case "open": return .open
        case "serverless": return .signed(serverless: true)
        case "user":
            return .user(
                name: section.requiredText("user"),
                passwordFile: section.requiredText("password_file"))
        default: return .signed(serverless: false)
        }
    }

    static func http(_ section: inout SectionReader) -> SinkSettings.Target {
        guard let (endpoint, path) = section.url("url") else {
            if !section.isPlaced("url") {
                section.reportMissing(
                    "url", "is missing", remedy: "add `url = https://HOST/PATH`")
            }
            let stand = standardEndpoint(service: "none", region: "none")
            return .http(collector(section, stand, path: "/"))
        }
        checkPlain(&section, "url", endpoint)
        return .http(collector(section, endpoint, path: path))
    }

    private static func collector(
        _ section: SectionReader, _ endpoint: Endpoint, path: String
    ) -> CollectorSettings {
        CollectorSettings(
            endpoint: endpoint, path: path, tokenFile: section.text("token_file"),
            certificateAuthorityFile: section.text("ca_file"),
            timeoutNanoseconds: section.number("timeout"),
            connectTimeoutNanoseconds: section.number("connect_timeout"))
    }

    private static func settings(
        _ section: inout SectionReader, stream: String, region: String, endpoint: Endpoint
    ) -> ServiceSinkSettings {
        checkPlain(&section, "endpoint", section.endpoint("endpoint"))
        return ServiceSinkSettings(
            stream: stream, region: region, endpoint: endpoint,
            certificateAuthorityFile: section.text("ca_file"),
            credentials: CredentialReader.read(&section),
            timeoutNanoseconds: section.number("timeout"),
            connectTimeoutNanoseconds: section.number("connect_timeout"))
    }

    /// PutRecordBatch takes 4 MiB (Firehose API reference).
    static func checkFirehoseBytes(_ section: inout SectionReader) {
        guard section.number("batch_bytes") > 4 << 20 else { return }
        section.refuse(
            "batch_bytes", "is more than Firehose takes in a request",
            remedy: "write a size from 16KiB to 4MiB")
    }

    /// The regional endpoint of a service; regions in China have a domain of their own ("Service
    /// endpoints and quotas" in the AWS General Reference).
    static func standardEndpoint(service: String, region: String) -> Endpoint {
        let domain = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        guard let endpoint = Endpoint("https://\(service).\(region).\(domain)") else {
            preconditionFailure("a region's name is fit for the name of a host")
        }
        return endpoint
    }

    /// Health data leaves the machine through TLS only; plain HTTP is for a double of the service
    /// on the same machine.
    private static func checkPlain(
        _ section: inout SectionReader, _ key: String, _ endpoint: Endpoint?
    ) {
        guard let endpoint, !endpoint.usesTLS else { return }
        if !section.flag("allow_http") {
            section.refuse(
                key, "is not encrypted",
                remedy: "write `https://`, or add `allow_http = yes` for a loopback host")
        } else if !endpoint.isLoopback {
            section.refuse(
                key, "is not encrypted and not a loopback host",
                remedy: "write `https://`, or a host such as 127.0.0.1 or localhost")
        }
    }
}
