/// What people can do when there is no key.
extension CredentialSearch {
    /// `source` is where the search ended; nil when it went through all.
    func remedy(_ kind: CredentialError.Kind, _ source: CredentialSource?) -> String {
        switch source {
        case nil: return wholeRemedy
        case .key(_, let file): return "Remedy: write the secret into the first line of \(file)."
        case .environment: return environmentRemedy
        case .profile(let credentials, _, let profile):
            return "Remedy: \(writing(profile, into: credentials))."
        case .process:
            return "Remedy: run the program of `credential_process` by hand as the same user; it "
                + "has to print JSON of Version 1 with AccessKeyId and SecretAccessKey."
        case .iot(let role):
            return "Remedy: check `iot_endpoint` and `iot_role_alias`, that the certificate "
                + "\(role.certificateFile) is active and attached to the thing, and that its "
                + "policy allows iot:AssumeRoleWithCertificate on the alias."
        case .container:
            return "Remedy: check the variables AWS_CONTAINER_CREDENTIALS_* and the task's or "
                + "pod's role."
        case .instance:
            return kind == .absent
                ? "Remedy: attach a role to the instance (an instance profile)."
                : "Remedy: attach a role to the instance, and in a container raise the hop limit: "
                    + "aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2."
        }
    }

    private var environmentRemedy: String {
        switch (environment.accessKeyID, environment.secretAccessKey) {
        case (nil, nil): "Remedy: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        case (nil, _): "Remedy: set AWS_ACCESS_KEY_ID too, or unset AWS_SECRET_ACCESS_KEY."
        case (_, nil): "Remedy: set AWS_SECRET_ACCESS_KEY too, or unset AWS_ACCESS_KEY_ID."
        default: "Remedy: set the variable again, without blanks or line ends."
        }
    }

    /// After a search through all places.
    private var wholeRemedy: String {
        let profile = settings.profile ?? environment.profile ?? "default"
        switch settings.effectiveChoice {
        case .environment: return environmentRemedy
        case .file:
            let file = settings.file.map { environment.expanded($0) } ?? environment.sharedFile
            return "Remedy: \(writing(profile, into: file))."
        case .container: return remedy(.absent, .container)
        case .instance: return remedy(.failed, .instance)
        case .auto, .key, .process, .iot:
            return "Remedy: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
                + writing(profile, into: environment.sharedFile)
                + ", or name a source in the sink (README, Credentials)."
        }
    }

    private func writing(_ profile: String, into file: String?) -> String {
        "write aws_access_key_id and aws_secret_access_key under [\(profile)] in "
            + (file ?? "~/.aws/credentials")
    }
}
