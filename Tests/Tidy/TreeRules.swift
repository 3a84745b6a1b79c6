/// The rules about how files stand to each other.
enum TreeRules {
    /// Edges that another edge may import. `Linux` has the descriptors that the others own, and
    /// `Configuration` touches nothing: it says what the text means that `Settings` has read.
    static let edgeArrows = [
        "HTTPS": ["Linux"], "BlueZ": ["Linux"], "GPIO": ["Linux"], "LocalHTTP": ["Linux"],
        "ControlSocket": ["Linux"],
        "Configuration": ["Settings"],
    ]

    /// Arrows go from the executables to Edge to Core and never back, edges do not meet, and
    /// nobody imports an executable.
    static func arrows(_ files: [SourceFile]) -> [Offence] {
        let layers = layerOfRooms(files)
        return files.flatMap { file -> [Offence] in
            guard let place = file.place else { return [] }
            return file.imports.compactMap { imported in
                guard imported.module != place.room, let layer = layers[imported.module],
                    !mayImport(place, imported.module, layer)
                else { return nil }
                let what = "\(place.layer) \(place.room) imports \(layer) \(imported.module)"
                return Offence(path: file.path, line: imported.line, what: what)
            }
        }
    }

    private static func mayImport(_ from: Place, _ module: String, _ layer: String) -> Bool {
        switch (from.layer, layer) {
        case (_, "Core"), (_, "C"): true
        case ("Edge", "Edge"): edgeArrows[from.room]?.contains(module) ?? false
        case ("executable", "Edge"): true
        default: false
        }
    }

    private static func layerOfRooms(_ files: [SourceFile]) -> [String: String] {
        var layers: [String: String] = [:]
        for file in files {
            guard let place = file.place else { continue }
            let isC = place.layer == "Edge" && FileRules.isCModule(place.room)
            layers[place.room] = isC && !isSwift(place.room, files) ? "C" : place.layer
        }
        return layers
    }

    private static func isSwift(_ room: String, _ files: [SourceFile]) -> Bool {
        files.contains { $0.place?.room == room && $0.path.hasSuffix(".swift") }
    }

    /// A C module has one Swift target that imports it: that one keeps its rules.
    static func oneOwner(_ files: [SourceFile]) -> [Offence] {
        let modules = layerOfRooms(files).filter { $0.value == "C" }.keys.sorted()
        return modules.flatMap { module -> [Offence] in
            var owners: [String: Offence] = [:]
            for file in files {
                guard let room = file.place?.room else { continue }
                for imported in file.imports where imported.module == module {
                    let what = "\(room) imports \(module)"
                    owners[room] = Offence(path: file.path, line: imported.line, what: what)
                }
            }
            if owners.count == 1 { return [] }
            let orphan = Offence(
                path: "Sources/Edge/\(module)", line: 1, what: "nobody imports \(module)")
            return owners.isEmpty ? [orphan] : owners.values.sorted()
        }
    }

    /// Every room with code has a test target of its own, named in Package.swift, with a test.
    /// `waiting` are rooms that are known to have none yet; a room that has tests may not wait.
    static func roomsWithoutTests(_ files: [SourceFile], waiting: Set<String>) -> [Offence] {
        let package = files.first { $0.path == "Package.swift" }?.text ?? ""
        let rooms = Set(
            files.filter { !$0.tokens.isEmpty }.compactMap(\.place)
                .filter { $0.layer != "executable" })
        let unknown = waiting.subtracting(rooms.map(\.room)).sorted().map {
            Offence(path: "Sources", line: 1, what: "\($0) waits for tests and is no room")
        }
        return unknown
            + rooms.sorted { $0.room < $1.room }.compactMap { place in
                let folder = "Tests/\(place.layer)/\(place.room)Tests/"
                let hasTest = files.contains { file in
                    file.path.hasPrefix(folder) && containsTest(file.tokens)
                }
                let isTested = hasTest && package.contains("\"\(place.room)Tests\"")
                if isTested != waiting.contains(place.room) { return nil }
                let what =
                    isTested
                    ? "\(place.room) has tests and need not wait" : "\(place.room) has no tests"
                return Offence(path: "Sources/\(place.layer)/\(place.room)", line: 1, what: what)
            }
    }

    private static func containsTest(_ tokens: [Token]) -> Bool {
        tokens.indices.contains { index in
            tokens[index].text == "XCTestCase"
                || tokens[index].text == "Test" && index > 0 && tokens[index - 1].text == "@"
        }
    }

    /// What a build makes is not kept.
    static func keptProducts(_ paths: [String]) -> [Offence] {
        paths.filter { path in
            path.split(separator: "/").contains { part in
                part == "Package.resolved" || part == ".build" || part.hasPrefix(".build-")
                    || part == "__pycache__"
            }
        }.map { Offence(path: $0, line: 1, what: "is made by a build") }
    }
}
