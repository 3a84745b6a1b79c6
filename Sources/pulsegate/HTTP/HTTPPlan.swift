import Configuration
import Linux
import LocalHTTP

/// What the server of the LAN is opened with.
struct HTTPPlan {
    var server: HTTPServerSettings
    /// What whoever asks for data must know; nil: whoever is on this machine may ask.
    var token: [UInt8]?
    /// Where the token was read.
    var tokenFile: String?
    /// Measurements are taken from other devices.
    var takesMeasurements: Bool

    /// Metrics say heart rates.
    var metricsHeartRate: Bool

    /// Characters of a token: 16 of base64 are 96 bits, which nobody finds by trying.
    static let tokenLengths = 16...512

    init(_ settings: HTTPSettings) throws(SetupError) {
        server = HTTPServerSettings(address: settings.listen.host, port: settings.listen.port)
        server.connectionsMax = settings.connections
        server.connectionsPerAddressMax = settings.connectionsPerAddress
        takesMeasurements = settings.ingest == .on
        metricsHeartRate = settings.metricsHeartRate
        tokenFile = settings.tokenFile
        token = try settings.tokenFile.map { path throws(SetupError) in try Self.token(path) }
    }

    private static func token(_ path: String) throws(SetupError) -> [UInt8] {
        let bytes = try SetupError.wrap { () throws(SystemError) in
            try Path.contents(of: path, atMost: 4 << 10)
        }
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        guard tokenLengths.contains(line.count), line.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw SetupError(
                "[http] token_file = \(path): the first line is no token; write 16 to 512 "
                    + "characters without blanks, as `head -c 24 /dev/urandom | base64` makes them")
        }
        return Array(line)
    }
}
