using Kv.Operator.Planning;

namespace Kv.Operator.Tests.Planning;

public sealed class VersionStepsTests
{
    [Theory]
    [InlineData("3.7.1", "3.7.2")]
    [InlineData("3.7.2", "3.7.1")]
    [InlineData("3.6.4", "3.7.0")]
    [InlineData("3.7.1", "3.6.4")]
    [InlineData("3.7.1", "v3.7.2-rc.1")]
    [InlineData("3.7.1", "3.7.2@sha256:0011")]
    public void Members_go_within_a_minor_version_and_to_the_next(string from, string to) =>
        Assert.Null(VersionSteps.Refusal(Version.Parse(from), $"registry:5000/kv-node:{to}", data: null));

    [Theory]
    [InlineData("3.5.9", "3.7.1", "more than one minor version")]
    [InlineData("2.7.1", "3.7.1", "more than one minor version")]
    [InlineData("3.7.1", "3.8.0", "knows the versions 3.6, 3.7")]
    [InlineData("3.7.1", "latest", "names no version")]
    [InlineData("3.7.1", "3.7", "names no version")]
    [InlineData("3.7.1", "3.7.1x", "names no version")]
    public void Other_steps_are_refused(string from, string to, string why) => Assert.Contains(
        why, VersionSteps.Refusal(Version.Parse(from), $"kv-node:{to}", data: null), StringComparison.Ordinal);

    [Theory]
    [InlineData("3.6.0", true)]
    [InlineData("3.5.0", true)]
    [InlineData("3.7.0", false)]
    [InlineData(null, true)]
    public void They_go_back_only_while_the_data_is_of_no_later_version(string? data, bool isAllowed)
    {
        string? refusal = VersionSteps.Refusal(
            Version.Parse("3.7.1"), "kv-node:3.6.4", data is null ? null : Version.Parse(data));

        Assert.Equal(isAllowed, refusal is null);
    }

    [Theory]
    [InlineData("kv-node")]
    [InlineData("registry:5000/kv-node")]
    [InlineData("kv-node@sha256:0011")]
    public void An_image_without_a_tag_names_no_version(string image) => Assert.Null(VersionSteps.OfImage(image));
}
