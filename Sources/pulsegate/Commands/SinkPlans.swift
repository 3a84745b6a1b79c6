import Bytes
import Configuration
import Gateway
import HTTPS
import Linux
import OpenSearch

/// Sizes of answers.
private enum AnswerBytes {
    /// What comes around the results of single records.
    static let base = 4_096
    /// An entry of an AWS answer: a sequence number of 56 digits and a shard id are 113 bytes, an
    /// error code with its message may be more.
    static let perEntry = 512
    /// An item of a `_bulk` answer names index, id, shards and, refused, the reason in words.
    static let perItem = 1_024
}

extension SinkPlan {
    init(_ sink: Configuration.Sink) throws(SetupError) {
        self.init(
            name: sink.name, flushNanoseconds: sink.flushNanoseconds,
            batchRecords: sink.batchRecords,
            order: sink.order == .newestFirst ? .newestFirst : .oldestFirst,
            drainRate: sink.drainRate, kind: try SinkPlan.Kind(sink))
        switch sink.takes {
        case .records: takes = .records
        case .errors: takes = .errors
        case .all: takes = .all
        }
    }
}

extension SinkPlan.Kind {
    /// The configuration's words in the terms of the edges.
    init(_ sink: Configuration.Sink) throws(SetupError) {
        switch sink.target {
        case .file(let file):
            self = .file(
                LineFileSettings(
                    path: file.path, rotateBytes: UInt64(file.rotateSizeBytes),
                    rotateKeep: file.rotateKeep, bufferBytes: sink.batchBytes))
        case .kinesis(let service, let aggregateBytes):
            let stream = Array(service.stream.utf8)
            self = .network(
                type: "kinesis",
                aggregateBytes.map { .aggregated(stream: stream, aggregateBytes: $0) }
                    ?? .kinesis(stream: stream),
                try NetworkPlan(
                    service, of: sink, name: "kinesis", target: "Kinesis_20131202.PutRecords"))
        case .firehose(let service):
            self = .network(
                type: "firehose", .firehose(stream: Array(service.stream.utf8)),
                try NetworkPlan(
                    service, of: sink, name: "firehose",
                    target: "Firehose_20150804.PutRecordBatch"))
        case .openSearch(let service, let access, let putsTemplate):
            var plan = try NetworkPlan(service, of: sink, access)
            if putsTemplate { plan.preparation = Self.template(for: service) }
            self = .network(
                type: "opensearch", .openSearch(withIDs: access != .signed(serverless: true)),
                plan)
        case .http(let collector):
            self = .network(type: "http", .http, try NetworkPlan(collector, of: sink))
        }
    }
}

extension SinkPlan.Kind {
    /// The types of an index's fields.
    private static func template(
        for service: ServiceSinkSettings
    ) -> NetworkPlan.Preparation {
        let path = IndexTemplate.path(index: service.stream)
        let index = Array(service.stream.utf8)
        // Every field takes less than 64 bytes, and there are about fifty.
        var body = FixedBuffer(capacity: 8_192)
        IndexTemplate.append(index: index.span, to: &body)
        precondition(!body.overflowed, "a template takes less than 8 KiB")
        let bytes = Array(String(decoding: body.bytes).utf8)
        return NetworkPlan.Preparation(
            name: "index template", url: service.endpoint.url + path, path: path, body: bytes)
    }
}

extension NetworkPlan {
    /// A JSON service of AWS.
    init(
        _ service: ServiceSinkSettings, of sink: Configuration.Sink, name: String, target: String
    ) throws(SetupError) {
        self.init(
            url: service.endpoint.url, authority: service.endpoint.authority, path: "/",
            contentType: "application/x-amz-json-1.1", target: target, stream: service.stream,
            authorization: .signed(
                region: service.region, service: name, hashesContent: false,
                service.credentials),
            https: Self.https(service), bodyBytes: sink.batchBytes,
            answerBytes: AnswerBytes.base + AnswerBytes.perEntry * sink.batchRecords)
    }

    /// An index of OpenSearch.
    init(
        _ service: ServiceSinkSettings, of sink: Configuration.Sink, _ access: OpenSearchAccess
    ) throws(SetupError) {
        let authorization: Authorization
        switch access {
        case .signed(let serverless):
            authorization = .signed(
                region: service.region, service: serverless ? "aoss" : "es",
                hashesContent: serverless, service.credentials)
        case .user(let name, let file):
            let pair = Array("\(name):\(try Self.secret(file, sink: sink.name))".utf8)
            var basic = FixedBuffer(capacity: 8 + 2 * pair.count)
            basic.append("Basic ")
            basic.append(base64: pair.span)
            authorization = .fixed(String(decoding: basic.bytes))
        case .open: authorization = .none
        }
        let path = "/\(service.stream)/_bulk"
        self.init(
            url: service.endpoint.url + path, authority: service.endpoint.authority, path: path,
            contentType: "application/x-ndjson", target: nil, authorization: authorization,
            https: Self.https(service), bodyBytes: sink.batchBytes,
            answerBytes: AnswerBytes.base + AnswerBytes.perItem * sink.batchRecords,
            compresses: sink.compresses)
    }

    /// A collector of lines of JSON.
    init(_ collector: CollectorSettings, of sink: Configuration.Sink) throws(SetupError) {
        var authorization = Authorization.none
        if let file = collector.tokenFile {
            authorization = .fixed("Bearer \(try Self.secret(file, sink: sink.name))")
        }
        let https = Self.https(
            authority: collector.certificateAuthorityFile, total: collector.timeoutNanoseconds,
            connect: collector.connectTimeoutNanoseconds, usesTLS: collector.endpoint.usesTLS)
        self.init(
            url: collector.endpoint.url + collector.path,
            authority: collector.endpoint.authority, path: collector.path,
            contentType: "application/x-ndjson", target: nil, authorization: authorization,
            https: https, bodyBytes: sink.batchBytes, answerBytes: 16 * AnswerBytes.base,
            compresses: sink.compresses)
    }

    private static func https(_ service: ServiceSinkSettings) -> HTTPSSettings {
        https(
            authority: service.certificateAuthorityFile, total: service.timeoutNanoseconds,
            connect: service.connectTimeoutNanoseconds, usesTLS: service.endpoint.usesTLS)
    }

    private static func https(
        authority: String?, total: Int64, connect: Int64, usesTLS: Bool
    ) -> HTTPSSettings {
        var https = HTTPSSettings()
        https.certificateAuthorityFile = authority
        https.totalTimeoutMilliseconds = Int(total / 1_000_000)
        https.connectTimeoutMilliseconds = Int(connect / 1_000_000)
        https.allowsPlainLoopback = !usesTLS
        return https
    }

    /// The one line of a file with a secret.
    private static func secret(_ path: String, sink: String) throws(SetupError) -> String {
        let bytes = try SetupError.wrap { () throws(SystemError) in
            try Path.contents(of: path, atMost: 16 << 10)
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let line = text.split(separator: "\n").first.map(String.init) ?? ""
        guard !line.isEmpty else {
            throw SetupError("sink \(sink): \(path) is empty; write the secret into its first line")
        }
        return line
    }
}
