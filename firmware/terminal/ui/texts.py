"""What the screen says: eight full-width or sixteen half-width characters fit a line.

The build makes glyphs for the characters in this file's strings and no others.
"""

from .. import outcomes

SCENES = {"canteen": "食堂"}

TAP = "请刷卡"
ENTER_AMOUNT = "请输入金额"
BALANCE = "余额"
NOT_PROVISIONED = "终端未初始化"
ONE_CARD = "请只放一张卡"
READER_FAULT = "读卡器故障"
SAM_FAULT = "安全模块故障"
FLASH_FAULT = "存储器故障"
CALL_SERVICE = "请联系维护人员"
SERVICE = "维护模式"
JOURNAL_FULL = "记录已满"
PULL_FIRST = "请先采集记录"

# outcome: (first line, last line)
OUTCOMES = {
    outcomes.APPROVED: ("支付成功", None),
    outcomes.RESOLVED: ("上次已扣款", None),
    outcomes.TAP_AGAIN: ("交易未完成", "请重刷同一张卡"),
    outcomes.HOLD_STILL: ("读卡失败", "请重新刷卡"),
    outcomes.IN_DOUBT: ("交易存疑已记录", "请到服务台核对"),
    outcomes.NOT_ENOUGH: ("余额不足", None),
    outcomes.HOTLISTED: ("卡已挂失", "禁止使用"),
    outcomes.EXPIRED: ("卡已过期", "请更换卡片"),
    outcomes.LOCKED: ("卡应用已锁定", "请到服务台办理"),
    outcomes.NO_ACCOUNT: ("此卡无所需账户", "请换卡重试"),
    outcomes.UNKNOWN_CARD: ("无法识别此卡", None),
    outcomes.OTHER_CARD: ("不是同一张卡", "请刷原卡"),
    outcomes.TEST_CARD: ("测试卡", "禁止使用"),
    outcomes.NOT_HERE: ("此卡未开通互通", "限发卡城市使用"),
    outcomes.OVER_TAP: ("超过单笔限额", None),
    outcomes.OVER_DAY: ("超过当日限额", None),
    outcomes.OVER_COUNT: ("超过当日次数", None),
    outcomes.TOO_SOON: ("请勿重复进入", None),
    outcomes.PIN_NEEDED: ("请输入密码", None),
    outcomes.PIN_WRONG: ("密码错误", "请重新输入"),
    outcomes.NOT_AUTHORISED: ("未获授权", "请到服务台办理"),
    outcomes.LOADED: ("充值成功", None),
    outcomes.IDENTIFIED: ("身份已核验", None),
    outcomes.SAM_FAULT: (SAM_FAULT, CALL_SERVICE),
    outcomes.HOTLIST_OLD: ("黑名单已过期", CALL_SERVICE),
    outcomes.CODE_EXPIRED: ("二维码已失效", "请刷新后重试"),
    outcomes.CODE_WRONG: ("二维码无效", None),
    outcomes.CARD_ERROR: ("卡片错误", "请换卡重试"),
    outcomes.JOURNAL_FULL: (JOURNAL_FULL, PULL_FIRST),
    outcomes.NO_CLOCK: ("时钟未设置", CALL_SERVICE),
    outcomes.REPEATED: ("请勿重复刷卡", None),
}

# Characters of merchants' names that the screen can also show.
MERCHANT_CHARACTERS = "第一二三四五六七八九十小中大学校食堂餐厅县市东西南北门园区实验机关幼儿职工"
