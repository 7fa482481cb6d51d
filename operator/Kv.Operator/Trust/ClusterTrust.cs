using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Members;
using Kv.Operator.Objects;
using Kv.Operator.Planning;
using Kv.Operator.Reconciling;

namespace Kv.Operator.Trust;

/// <summary>Keeps the Secrets with certificates: an authority that only the operator reads, and leaves that pods
/// mount. Nodes read them anew when they change, so nothing is restarted. Secrets that users name are only
/// read.</summary>
public sealed class ClusterTrust(IKubernetesClient client, TimeProvider clock) : IClusterTrust
{
    private const string CertificateKey = "tls.crt";
    private const string PrivateKey = "tls.key";
    private const string AuthorityKey = "ca.crt";
    private const string StepKey = "step-at";

    /// <summary>How long Secrets that were found right are not read again, while anything at all is under
    /// way.</summary>
    private static readonly TimeSpan RecheckAfter = TimeSpan.FromSeconds(30);

    /// <summary>And while all is as wanted: many clusters may be at rest, and each has several Secrets. One that is
    /// gone is missed by pods that start, and another that members use by the operator itself; then it is not at rest.
    /// </summary>
    private static readonly TimeSpan RecheckAtRestAfter = TimeSpan.FromMinutes(10);

    private readonly ManagedCertificates _certManager = new(client);
    private readonly ConcurrentDictionary<string, Checked> _checked = new();

    /// <summary>Between the steps of a change of authority.</summary>
    public TimeSpan Settling { get; init; } = AuthorityPlan.DefaultSettling;

    // Steps are not taken later than half of their time.
    private TimeSpan Recheck => Settling / 2 < RecheckAfter ? Settling / 2 : RecheckAfter;

    public async Task<ClusterCertificates> PrepareAsync(ClusterLayout layout, bool mayChange, CancellationToken stop)
    {
        TlsSpec? tls = layout.Spec.Tls;
        if (tls is null)
            return ClusterCertificates.None;

        // Generation and annotation: what may ask for other certificates.
        string asked = $"{layout.Cluster.Generation()} {layout.Cluster.GetAnnotation(Names.RotateAuthority)}";
        bool isResting = layout.Cluster.Status?.Phase == "Running";
        if (_checked.TryGetValue(layout.Uid, out Checked? known) && known.Asked == asked &&
            clock.GetElapsedTime(known.At) < (isResting && known.IsSteady ? RecheckAtRestAfter : Recheck))
        {
            return known.Certificates;
        }

        (ClusterCertificates kept, bool isSteady) = await KeepAsync(layout, tls, mayChange, stop);
        foreach ((string uid, Checked old) in _checked)
        {
            if (clock.GetElapsedTime(old.At) > RecheckAtRestAfter)
                _checked.TryRemove(uid, out _);
        }

        if (mayChange)
            _checked[layout.Uid] = new Checked(asked, clock.GetTimestamp(), kept, isSteady);
        return kept;
    }

    /// <returns>What there is, and whether no change of authority is under way.</returns>
    private async Task<(ClusterCertificates Kept, bool IsSteady)> KeepAsync(
        ClusterLayout layout, TlsSpec tls, bool mayChange, CancellationToken stop)
    {
        bool isOurs = tls.Client is { Issuer: CertificateIssuer.Operator } ||
            tls.Peer is { Issuer: CertificateIssuer.Operator };
        AuthorityState? authority = isOurs ? await AuthorityAsync(layout, mayChange, stop) : null;
        if (mayChange)
            await AskCertManagerAsync(layout, tls, stop);
        V1Secret? peer = tls.Peer switch
        {
            null => null,
            { Issuer: CertificateIssuer.CertManager } => await ManagedAsync(layout, layout.PeerTlsSecret, stop),
            _ => await LeafAsync(
                layout, layout.PeerTlsSecret, $"{layout.Name} peer", layout.ServerNames(),
                tls.Peer.Issuer == CertificateIssuer.Operator ? authority : null, mayChange, stop),
        };
        (V1Secret? member, V1Secret? user) = await ForClientsAsync(layout, tls, authority, mayChange, stop);
        DateTimeOffset? end = new[] { peer, member, user }.Select(EndOf).Min();
        return (new ClusterCertificates(TrustOf(member), end), authority is null or { Next: null, Previous: null });
    }

    /// <summary>What members show to clients, and what clients show if the operator issues it.</summary>
    private async Task<(V1Secret? Member, V1Secret? User)> ForClientsAsync(
        ClusterLayout layout, TlsSpec tls, AuthorityState? authority, bool mayChange, CancellationToken stop)
    {
        if (tls.Client is null)
            return (null, null);
        if (tls.Client.Issuer == CertificateIssuer.CertManager)
            return (await ManagedAsync(layout, layout.ClientTlsSecret, stop), null);
        AuthorityState? issuer = tls.Client.Issuer == CertificateIssuer.Operator ? authority : null;
        V1Secret? user = issuer is null
            ? null
            : await LeafAsync(layout, layout.UserTlsSecret, $"{layout.Name} user", [], issuer, mayChange, stop);
        V1Secret? member = await LeafAsync(
            layout, layout.ClientTlsSecret, $"{layout.Name} member",
            [.. layout.ServerNames(), .. tls.Client.ExtraNames ?? []], issuer, mayChange, stop);
        return (member, user);
    }

    private static DateTimeOffset? EndOf(V1Secret? leaf)
    {
        if (leaf is null)
            return null;
        try
        {
            return new IssuedCertificate(Text(leaf, CertificateKey), Text(leaf, PrivateKey)).NotAfter;
        }
        catch (CryptographicException)
        {
            throw new ObstacleException(
                Obstacle.ForeignObject, $"{CertificateKey} of the Secret {leaf.Name()} is no certificate.");
        }
    }

    private static MemberTrust? TrustOf(V1Secret? leaf) => leaf is null
        ? null
        : new MemberTrust(Text(leaf, AuthorityKey), Text(leaf, CertificateKey), Text(leaf, PrivateKey));

    private async Task AskCertManagerAsync(ClusterLayout layout, TlsSpec tls, CancellationToken stop)
    {
        if (tls.Peer is { Issuer: CertificateIssuer.CertManager, IssuerRef: { } ofPeers })
        {
            await _certManager.AskAsync(
                layout, layout.PeerTlsSecret, $"{layout.Name} peer", layout.ServerNames(), ofPeers, stop);
        }

        if (tls.Client is { Issuer: CertificateIssuer.CertManager, IssuerRef: { } ofClients })
        {
            IReadOnlyList<string> names = [.. layout.ServerNames(), .. tls.Client.ExtraNames ?? []];
            await _certManager.AskAsync(
                layout, layout.ClientTlsSecret, $"{layout.Name} member", names, ofClients, stop);
            await _certManager.AskAsync(layout, layout.UserTlsSecret, $"{layout.Name} user", [], ofClients, stop);
        }
    }

    /// <summary>The Secret that cert-manager makes.</summary>
    private async Task<V1Secret> ManagedAsync(ClusterLayout layout, string name, CancellationToken stop) =>
        await client.GetAsync<V1Secret>(name, layout.Namespace, stop) is { } secret
            ? RequireKeys(secret, name)
            : throw new CertificatePendingException(
                $"cert-manager to issue {name}{await _certManager.WhyNotAsync(layout, name, stop)}");

    private async Task<AuthorityState?> AuthorityAsync(ClusterLayout layout, bool mayChange, CancellationToken stop)
    {
        V1Secret? secret = await client.GetAsync<V1Secret>(layout.AuthoritySecret, layout.Namespace, stop);
        RefuseForeign(secret, layout);
        if (!mayChange)
            return secret is null ? null : Read(secret);

        IssuedCertificate Make() => IssuedCertificate.MakeAuthority(
            $"{layout.Namespace}/{layout.Name} {Serial()}", clock.GetUtcNow(), AuthorityPlan.AuthorityLife);
        // A value that has not been dealt with yet asks for a new authority.
        string asked = layout.Cluster.GetAnnotation(Names.RotateAuthority) ?? "";
        if (secret is null)
        {
            var first = new AuthorityState(Make()) { StepAt = clock.GetUtcNow() };
            await client.CreateAsync(Write(layout, first, asked), stop);
            return first;
        }

        string done = secret.GetAnnotation(Names.RotateAuthority) ?? "";
        AuthorityState state = Read(secret);
        AuthorityState next = AuthorityPlan.Step(state, asked != done, clock.GetUtcNow(), Settling, Make);
        if (next == state)
            return state;

        bool isBegun = state.Next is null && next.Next is not null;
        V1Secret changed = Write(layout, next, isBegun ? asked : done);
        changed.Metadata.ResourceVersion = secret.ResourceVersion();
        await client.UpdateAsync(changed, stop);
        return next;
    }

    /// <summary>A Secret with a certificate, issued if it is ours to issue; null if there is none yet.</summary>
    private async Task<V1Secret?> LeafAsync(
        ClusterLayout layout,
        string name,
        string subject,
        IReadOnlyList<string> names,
        AuthorityState? authority,
        bool mayChange,
        CancellationToken stop)
    {
        V1Secret? secret = await client.GetAsync<V1Secret>(name, layout.Namespace, stop);
        if (authority is null)
            return RequireKeys(secret, name);
        RefuseForeign(secret, layout);
        if (!mayChange || (secret is not null && IsGood(secret, names, authority)))
            return secret;

        IssuedCertificate leaf = authority.Current.Issue(
            subject, names, clock.GetUtcNow(), AuthorityPlan.LeafLife, RandomNumberGenerator.GetBytes(16));
        bool isOnlyBundleNew = secret is not null && IsLeafGood(secret, names, authority);
        if (isOnlyBundleNew)
            leaf = new IssuedCertificate(Text(secret!, CertificateKey), Text(secret!, PrivateKey));
        V1Secret wanted = Secret(layout, name, new Dictionary<string, string>
        {
            [CertificateKey] = leaf.Certificate,
            [PrivateKey] = leaf.Key,
            [AuthorityKey] = authority.Bundle(),
        });
        wanted.Metadata.ResourceVersion = secret?.ResourceVersion();
        return secret is null ? await client.CreateAsync(wanted, stop) : await client.UpdateAsync(wanted, stop);
    }

    private bool IsGood(V1Secret secret, IReadOnlyList<string> names, AuthorityState authority) =>
        Text(secret, AuthorityKey) == authority.Bundle() && IsLeafGood(secret, names, authority);

    private bool IsLeafGood(V1Secret secret, IReadOnlyList<string> names, AuthorityState authority)
    {
        var leaf = new IssuedCertificate(Text(secret, CertificateKey), Text(secret, PrivateKey));
        return leaf.Certificate.Length > 0 && !AuthorityPlan.IsDue(leaf, clock.GetUtcNow()) &&
            leaf.IsBy(authority.Current, names);
    }

    private static V1Secret RequireKeys(V1Secret? secret, string name)
    {
        if (secret is null)
            throw new ObstacleException(Obstacle.ForeignObject, $"The Secret {name} does not exist.");
        string[] keys = [CertificateKey, PrivateKey, AuthorityKey];
        string[] missing = [.. keys.Where(key => Text(secret, key).Length == 0)];
        return missing.Length == 0
            ? secret
            : throw new ObstacleException(
                Obstacle.ForeignObject, $"The Secret {name} lacks {string.Join(" and ", missing)}.");
    }

    private static void RefuseForeign(V1Secret? secret, ClusterLayout layout)
    {
        if (secret is not null && secret.GetAnnotation(Names.ClusterUid) != layout.Uid)
        {
            throw new ObstacleException(
                Obstacle.ForeignObject,
                $"A Secret named {secret.Name()} exists that does not belong to this cluster. Delete or rename it.");
        }
    }

    private static AuthorityState Read(V1Secret secret)
    {
        IssuedCertificate? Part(string prefix) => Text(secret, prefix + CertificateKey) is { Length: > 0 } certificate
            ? new IssuedCertificate(certificate, Text(secret, prefix + PrivateKey))
            : null;
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal;
        _ = DateTimeOffset.TryParse(
            Text(secret, StepKey), CultureInfo.InvariantCulture, Utc, out DateTimeOffset step);
        return new AuthorityState(
            Part("") ?? throw new ObstacleException(
                Obstacle.ForeignObject, $"The Secret {secret.Name()} lacks {CertificateKey}."))
        {
            Next = Part("next-"),
            Previous = Part("previous-"),
            StepAt = step,
        };
    }

    private static V1Secret Write(ClusterLayout layout, AuthorityState state, string asked)
    {
        var texts = new Dictionary<string, string>
        {
            [StepKey] = state.StepAt.ToString("O", CultureInfo.InvariantCulture),
        };
        foreach ((string prefix, IssuedCertificate? part) in
            new[] { ("", state.Current), ("next-", state.Next), ("previous-", state.Previous) })
        {
            if (part is null)
                continue;
            texts[prefix + CertificateKey] = part.Certificate;
            texts[prefix + PrivateKey] = part.Key;
        }

        V1Secret secret = Secret(layout, layout.AuthoritySecret, texts);
        secret.SetAnnotation(Names.RotateAuthority, asked);
        return secret;
    }

    private static V1Secret Secret(ClusterLayout layout, string name, Dictionary<string, string> texts) => new()
    {
        Metadata = layout.OwnedMetadata(name),
        Type = "Opaque",
        Data = texts.ToDictionary(text => text.Key, text => Encoding.UTF8.GetBytes(text.Value)),
    };

    private static string Text(V1Secret secret, string key) =>
        secret.Data is { } data && data.TryGetValue(key, out byte[]? bytes) ? Encoding.UTF8.GetString(bytes) : "";

    private sealed record Checked(string Asked, long At, ClusterCertificates Certificates, bool IsSteady);

    private static string Serial() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
}
