import Bytes
import Foundation
import OpenSearch
import TestSupport
import Testing

/// The types of an index's fields.
struct IndexTemplateTests {
    private func properties(hasForms: Bool = false) throws -> [String: [String: Any]] {
        let index = Array("heart_rate".utf8)
        let text = appendedText(capacity: 8_192) {
            IndexTemplate.append(index: index.span, hasForms: hasForms, to: &$0)
        }
        let parsed = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        #expect(parsed?["index_patterns"] as? [String] == ["heart_rate"])
        let template = parsed?["template"] as? [String: Any]
        let mappings = template?["mappings"] as? [String: Any]
        #expect(mappings?["dynamic"] as? Bool == false)
        let properties = try #require(mappings?["properties"] as? [String: [String: Any]])
        #expect(text.components(separatedBy: "\"type\"").count == properties.count + 1)
        return properties
    }

    @Test func everyFieldHasOneType() throws {
        let properties = try properties()
        let types: Set = ["date", "keyword", "long", "integer", "float", "boolean", "text"]
        for (name, property) in properties {
            #expect(types.contains(property["type"] as? String ?? ""), "\(name)")
        }
        #expect(properties["heart_rate"]?["type"] as? String == "integer")
        #expect(properties["timestamp"]?["type"] as? String == "date")
        #expect(properties["payload"]?["index"] as? Bool == false)
    }

    @Test func heartRatesOfFormsHaveDecimals() throws {
        #expect(try properties(hasForms: true)["heart_rate"]?["type"] as? String == "float")
        #expect(try properties()["respiratory_rate"]?["type"] as? String == "float")
    }

    @Test func itLiesUnderANameOfItsOwn() {
        #expect(IndexTemplate.path(index: "hr-2") == "/_index_template/pulsegate-hr-2")
    }
}
