public import Bytes

/// A composable index template (OpenSearch 1.0, Elasticsearch 7.8): the type of every field that a
/// record can have, so that none is guessed from the first document.
///
/// A field that it does not know is kept in the document and not searched (`"dynamic":false`):
/// a later version's records are never refused for a field more.
public enum IndexTemplate {
    /// The path of the template for an index, whose name needs no escapes.
    public static func path(index: String) -> String {
        "/_index_template/pulsegate-\(index)"
    }

    /// Appends the template's body. `hasForms`: posted forms are among the documents, whose heart
    /// rates have decimals.
    public static func append(
        index: Span<UInt8>, hasForms: Bool = false, to body: inout FixedBuffer
    ) {
        body.append("{\"index_patterns\":[\"")
        body.append(index)
        body.append("\"],\"priority\":100,\"template\":{\"mappings\":{\"dynamic\":false,")
        body.append("\"properties\":{")
        var isFirst = true
        for group in groups + [rates(hasForms: hasForms)] {
            for name in group.names {
                if !isFirst { body.append(UInt8(ascii: ",")) }
                isFirst = false
                body.append(UInt8(ascii: "\""))
                body.append(name)
                body.append("\":{\"type\":\"")
                body.append(group.type)
                body.append(UInt8(ascii: "\""))
                body.append(group.more)
                body.append(UInt8(ascii: "}"))
            }
        }
        body.append("}}}}")
    }

    /// Fields of one type, with what else is said of each.
    private struct Group {
        let type: StaticString
        var more: StaticString = ""
        let names: [StaticString]
    }

    private static func rates(hasForms: Bool) -> Group {
        Group(type: hasForms ? "float" : "integer", names: ["heart_rate"])
    }

    private static var groups: [Group] {
        [
            Group(
                type: "date",
                names: ["timestamp", "first_timestamp", "last_timestamp", "time"]),
            // A sensor's own clock has no zone; it is not one to search by.
            Group(
                type: "date", more: ",\"format\":\"strict_date_hour_minute_second\"",
                names: ["measured_at"]),
            Group(
                type: "keyword",
                names: [
                    "device_id", "sensor", "session_id", "clock", "measurement", "event", "reason",
                    "sink", "status", "sensor_status", "glucose_range", "temperature_type",
                    "glucose_type", "sample_location", "characteristic", "alarm", "state",
                    "priority", "patient", "path", "pointer", "payload_encoding",
                ]),
            Group(
                type: "long",
                names: ["seq", "count", "first_seq", "last_seq"]),
            Group(
                type: "integer",
                names: [
                    "energy_kj", "schema", "user_id", "sensor_seq", "status_code",
                    "beats_per_minute", "limit", "pause_seconds", "payload_bytes", "message_bytes",
                ]),
            Group(
                type: "float",
                names: [
                    "rr_ms", "blood_pressure_systolic", "blood_pressure_diastolic",
                    "blood_pressure_mean", "body_temperature", "oxygen_saturation",
                    "oxygen_saturation_fast", "oxygen_saturation_slow", "pulse_rate",
                    "pulse_rate_fast", "pulse_rate_slow", "pulse_amplitude_index", "glucose_level",
                    "respiratory_rate",
                ]),
            Group(type: "boolean", names: ["contact", "payload_cut", "message_cut"]),
            Group(type: "text", names: ["error_message"]),
            // Kept, and not searched.
            Group(
                type: "keyword", more: ",\"index\":false,\"doc_values\":false", names: ["payload"]),
        ]
    }
}
