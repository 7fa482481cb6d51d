using Kv.Server.Startup;

namespace Kv.Node.Tests.Membership;

public sealed class VersionGuardTests
{
    [Theory]
    [InlineData("3.5.30", "", null, false)]
    [InlineData("3.5.30", "3.4.0", null, false)]
    [InlineData("3.5.30", "3.5.0", null, false)]
    [InlineData("3.5.30", "3.6.0", null, true)]
    [InlineData("3.10.0", "3.9.0", null, false)]
    [InlineData("3.5.30", "3.6.0", "3.5.0", false)]
    [InlineData("3.4.30", "3.6.0", "3.5.0", true)]
    [InlineData("3.7.1-rc.0", "3.7.0", null, false)]
    public void A_member_must_not_be_older_than_the_cluster_unless_that_goes_down_to_it(
        string own, string cluster, string? downgrade, bool isTooOld) =>
        Assert.Equal(isTooOld, VersionGuard.IsTooOld(own, cluster, downgrade));

    [Theory]
    [InlineData("3.4.30", "3.4.0")]
    [InlineData("3.5.30", "3.5.0")]
    [InlineData("3.7.1", "3.5.0")]
    [InlineData("something", "3.5.0")]
    public void A_cluster_is_given_no_version_above_that_of_its_member(string own, string cluster) =>
        Assert.Equal(cluster, ProductVersion.HighestCluster(own).ToString());
}
