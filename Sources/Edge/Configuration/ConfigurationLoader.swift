public import Settings

extension Configuration {
    /// Reads the file at `path` and its drop-ins `path.d/*.conf`, later ones over earlier ones.
    /// `hostName` is the device's id unless a file names one.
    public static func load(
        from path: String, hostName: String
    ) throws(ConfigurationError) -> Configuration {
        var problems: [ConfigurationProblem] = []
        var documents: [SettingsDocument] = []
        var paths = [path]
        do throws(SettingsFileError) {
            paths += try SettingsFile.dropIns(of: path)
        } catch {
            problems.append(
                ConfigurationProblem(error, remedy: "make it a readable folder, or remove it"))
        }
        for path in paths {
            do throws(SettingsFileError) {
                documents.append(.parse(try SettingsFile.read(path), file: path))
            } catch {
                problems.append(ConfigurationProblem(error, remedy: remedy(for: error)))
            }
        }
        // Without one of its files a configuration would miss things that it has: their absence
        // is not reported.
        guard problems.isEmpty else {
            let table = documents.isEmpty ? [] : SettingTable(documents).sortedProblems
            throw ConfigurationError(problems: problems + table)
        }
        return try read(documents, hostName: hostName)
    }

    /// Reads files that are in memory: the main file, then its drop-ins in their order.
    public static func read(
        _ documents: [SettingsDocument], hostName: String
    ) throws(ConfigurationError) -> Configuration {
        var builder = ConfigurationBuilder(SettingTable(documents), hostName: hostName)
        return try builder.build()
    }

    private static func remedy(for error: SettingsFileError) -> String {
        if error.isAbsence { return "create it, or name another with --config" }
        if case .tooLong = error.reason { return "is it the right file?" }
        return "make it readable for this user"
    }
}
