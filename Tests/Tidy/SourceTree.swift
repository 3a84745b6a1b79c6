import Foundation
import TestSupport

/// A file of the source tree, by its path from the root.
struct SourceFile {
    let path: String
    let text: String
    let lines: [String]
    let tokens: [Token]
    /// Lines within a string of several lines.
    let textLines: Set<Int>

    init(path: String, text: String) {
        self.path = path
        self.text = text
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let tokenizer = Tokenizer(path.hasSuffix(".swift") ? text : "")
        tokens = tokenizer.tokens
        textLines = tokenizer.textLines
    }

    /// `Sources/Core/Bytes/Hex.swift` is in the room `Bytes` of the layer `Core`;
    /// `Sources/pulsegate/…` is a room without a layer.
    var place: Place? {
        let parts = path.split(separator: "/").map(String.init)
        guard parts.first == "Sources", parts.count >= 3 else { return nil }
        if parts[1] == "Core" || parts[1] == "Edge" {
            guard parts.count >= 4 else { return nil }
            return Place(layer: parts[1], room: parts[2])
        }
        return Place(layer: "executable", room: parts[1])
    }

    /// The modules that a Swift file imports, with the lines.
    var imports: [(module: String, line: Int)] {
        tokens.indices.compactMap { index in
            guard tokens[index].text == "import", index + 1 < tokens.count else { return nil }
            let kinds = ["struct", "class", "enum", "protocol", "typealias", "func", "var", "let"]
            let isKind = kinds.contains(tokens[index + 1].text) && index + 2 < tokens.count
            return (tokens[index + (isKind ? 2 : 1)].text, tokens[index].line)
        }
    }
}

/// Where a source file belongs.
struct Place: Hashable {
    let layer: String
    let room: String
}

/// A broken rule, shown as an editor can jump to it.
struct Offence: Equatable, Comparable, CustomStringConvertible {
    let path: String
    let line: Int
    let what: String

    var description: String { "\(path):\(line): \(what)" }

    static func < (one: Offence, other: Offence) -> Bool {
        (one.path, one.line) < (other.path, other.line)
    }
}

/// The tree that this file is part of.
enum SourceTree {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// Every Swift and C file of Sources and Tests, and Package.swift.
    static let files: [SourceFile] = {
        var paths = ["Package.swift"]
        for folder in ["Sources", "Tests"] {
            let under = root.appendingPathComponent(folder).path
            let found = FileManager.default.enumerator(atPath: under)
            while let path = found?.nextObject() as? String { paths.append("\(folder)/\(path)") }
        }
        return paths.sorted().compactMap { path in
            guard [".swift", ".c", ".h"].contains(where: path.hasSuffix) else { return nil }
            guard
                let data = FileManager.default.contents(
                    atPath: root.appendingPathComponent(path).path)
            else { return nil }
            return SourceFile(path: path, text: String(decoding: data, as: UTF8.self))
        }
    }()

    static let sources = files.filter { $0.path.hasPrefix("Sources/") }

    /// The paths that git keeps; nil where there is no git or no repository.
    static func trackedPaths() -> [String]? {
        let git = ["git", "-c", "safe.directory=*", "-C", root.path, "ls-files", "-z"]
        guard let (data, status) = try? ChildProcess(git).readToEnd(), status == 0 else {
            return nil
        }
        return data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}
