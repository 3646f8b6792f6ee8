"""Slack's texts as HTML: what a person typed never becomes an element."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.practice.mrkdwn import TextRenderer

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TEXTS = TextRenderer({"U0OFFICER": "Olive", "C0A": "approvals"}.get, NOW)  # type: ignore[arg-type]
FIVE_PM = int(datetime(2026, 11, 30, 17, 0, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain", "plain"),
        ("*bold* and _italic_ and ~gone~", "<strong>bold</strong> and <em>italic</em> and <s>gone</s>"),
        ("2*3*4 snake_case_name", "2*3*4 snake_case_name"),
        ("a\nb", "a<br>b"),
        ("`*x*`", "<code>*x*</code>"),
        ("```\n<b>\n```", "<pre>&lt;b&gt;</pre>"),
        ("&lt;!channel&gt; &amp;lt;", "&lt;!channel&gt; &amp;lt;"),
        ("&gt; said", "<blockquote>said</blockquote>"),
        ("<!channel>", '<span class="mention mention-all">@channel</span>'),
        ("<@U0OFFICER>", '<span class="mention">@Olive</span>'),
        ("<#C0A|approvals>", '<span class="mention">#approvals</span>'),
        (
            "*<https://a.example/?a=1&amp;b=2|the record>*",
            '<strong><a href="https://a.example/?a=1&amp;b=2" rel="noopener noreferrer">the record</a></strong>',
        ),
        ("<javascript:alert(1)|click>", "click"),
        (
            '<https://a.example/"onclick="x|x>',
            '<a href="https://a.example/&#34;onclick=&#34;x" rel="noopener noreferrer">x</a>',
        ),
        ("<script>alert(1)</script>", "script/script".replace("script/", "scriptalert(1)/")),
        (
            f"<!date^{FIVE_PM}^{{date_short_pretty}} {{time}}|then>",
            '<time datetime="2026-11-30T17:00:00+00:00">30 Nov 2026 17:00</time>',
        ),
        (
            f"<!date^{int(NOW.timestamp())}^{{date_pretty}}|then>",
            '<time datetime="2026-11-23T12:00:00+00:00">today</time>',
        ),
        ("<!date^soon^{date}|then>", "then"),
        (":white_check_mark: :no_such:", "✅ :no_such:"),
        ("\ue0000\ue001", "0"),
    ],
)
def test_mrkdwn(text: str, html: str) -> None:
    assert str(TEXTS.mrkdwn(text)) == html


def test_plain_text_stays_as_typed() -> None:
    assert str(TEXTS.text_object({"type": "plain_text", "text": "*a* <b>\n:x:", "emoji": False})) == (
        "*a* &lt;b&gt;<br>:x:"
    )


def test_rich_text_is_literal_whatever_it_says() -> None:
    span = {"type": "text", "text": "<!channel> *x*", "style": {"bold": True}}
    assert str(TEXTS.span(span)) == "<strong>&lt;!channel&gt; *x*</strong>"


@given(st.text(alphabet="<>&;|!@#*_~`\n\"'abc:/\ue000\ue0010123^{}", max_size=60))
def test_no_tag_but_ours_and_no_stray_bracket(text: str) -> None:
    shown = str(TEXTS.mrkdwn(text))
    for piece in shown.split("<")[1:]:
        name = piece.split(">")[0].split(" ")[0].strip("/")
        assert name in {"strong", "em", "s", "code", "pre", "br", "blockquote", "a", "span", "time"}
