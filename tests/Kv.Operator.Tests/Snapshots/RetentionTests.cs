using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Snapshots;
using Kv.Testing;

namespace Kv.Operator.Tests.Snapshots;

public sealed class RetentionTests
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [Seeds(300)]
    public void What_a_rule_wants_stays_and_above_all_the_newest_good_one(int seed)
    {
        var random = new Random(seed);
        V1KvSnapshot[] all = [.. Enumerable.Range(0, random.Next(30)).Select(index => Any(random, index))];
        var rules = new SnapshotRetention
        {
            KeepLast = random.Next(2) == 0 ? null : random.Next(1, 10),
            KeepFor = random.Next(2) == 0 ? null : $"{random.Next(1, 40)}d",
        };

        V1KvSnapshot[] expired = [.. Retention.Expired(all, rules, Now)];

        Assert.Equal(expired.Length, expired.Distinct().Count());
        V1KvSnapshot[] good =
        [
            .. all.Where(each => SnapshotReport.IsGood(each) && each.DeletionTimestamp() is null)
                .OrderByDescending(each => each.Status.CompletedAt),
        ];
        Assert.DoesNotContain(good.FirstOrDefault(), expired);
        Assert.All(good.Take(rules.KeepLast ?? 1), each => Assert.DoesNotContain(each, expired));
        Assert.DoesNotContain(expired, each => !SnapshotReport.IsOver(each) || each.DeletionTimestamp() is not null);
        if (SpanText.Parse(rules.KeepFor) is { } span)
        {
            Assert.DoesNotContain(
                expired, each => SnapshotReport.IsGood(each) && each.Status.CompletedAt >= (Now - span).UtcDateTime);
        }

        // And what no rule wants goes.
        if (rules is not { KeepLast: null, KeepFor: null })
        {
            DateTime oldest = (Now - (SpanText.Parse(rules.KeepFor) ?? TimeSpan.Zero)).UtcDateTime;
            Assert.All(
                good.Skip(rules.KeepLast ?? 1).Where(each => each.Status.CompletedAt < oldest),
                each => Assert.Contains(each, expired));
        }
    }

    [Fact]
    public void Without_rules_good_ones_stay_for_ever_and_the_last_three_that_failed()
    {
        V1KvSnapshot[] all =
            [.. Enumerable.Range(0, 12).Select(index => Made(index, index % 2 == 0 ? "Done" : "Failed", index))];

        Assert.Equal(
            ["s7", "s9", "s11"], Retention.Expired(all, retention: null, Now).Select(each => each.Name()));
    }

    private static V1KvSnapshot Any(Random random, int index)
    {
        string phase = new[] { "Done", "Done", "Failed", "Running", "Pending" }[random.Next(5)];
        V1KvSnapshot snapshot = Made(index, phase, random.Next(60));
        if (random.Next(10) == 0)
            snapshot.Metadata.DeletionTimestamp = Now.UtcDateTime;
        return snapshot;
    }

    private static V1KvSnapshot Made(int index, string phase, int daysAgo) => new()
    {
        Metadata = new V1ObjectMeta { Name = $"s{index}" },
        Status = new KvSnapshotStatus
        {
            Phase = phase,
            Verified = phase == "Done",
            CompletedAt = phase is "Done" or "Failed" ? Now.AddDays(-daysAgo).AddSeconds(-index).UtcDateTime : null,
        },
    };
}
