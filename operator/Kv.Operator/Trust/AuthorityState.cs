namespace Kv.Operator.Trust;

/// <summary>The authority of a cluster, and on its way in or out perhaps a second one. Changing it takes three steps,
/// each long enough for every process to have read its files again:
/// <code>
///               issues    trusted by all
///   steady        A        A
///   introduced    A        A B      the next authority is made known, and signs nothing
///   switched      B        A B      certificates are issued anew by it
///   steady        B          B      the old one is forgotten
/// </code></summary>
public sealed record AuthorityState(IssuedCertificate Current)
{
    /// <summary>Made known, but not used yet.</summary>
    public IssuedCertificate? Next { get; init; }

    /// <summary>Not used any more, but still known.</summary>
    public IssuedCertificate? Previous { get; init; }

    /// <summary>When the last step was taken.</summary>
    public DateTimeOffset StepAt { get; init; }

    /// <summary>All that is trusted, in PEM.</summary>
    public string Bundle() => string.Join('\n', new[] { Current, Next, Previous }
        .OfType<IssuedCertificate>().Select(each => each.Certificate.Trim())) + "\n";
}
