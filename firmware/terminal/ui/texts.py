"""What the screen says. A text is a pair, Chinese and English; sixteen half-width cells fit a row,
a Chinese character takes two.

What a text is to hold stands in it as %-forms; UI.say fills them in. The build makes glyphs for
the characters in this file's strings and no others.
"""

from .. import outcomes

LANGUAGES = ("zh", "en")

SCENES = {
    "canteen": ("食堂", "Canteen"),
    "library": ("图书馆", "Library"),
    "hotel": ("酒店", "Hotel"),
    "museum": ("博物馆", "Museum"),
    "bus": ("公交", "Bus"),
    "clinic": ("医药结算", "Clinic"),
    "topup": ("充值", "Top-up"),
    "subsidy": ("补贴发放", "Pay-out"),
    "enquiry": ("卡查询", "Enquiry"),
}

TAP = ("请刷卡", "Tap card")
ENTER_AMOUNT = ("请输入金额", "Enter amount")
BALANCE = ("余额", "Bal.")
NOT_PROVISIONED = ("终端未初始化", "Not provisioned")
ONE_CARD = ("请只放一张卡", "One card only")
READER_FAULT = ("读卡器故障", "Reader fault")
SAM_FAULT = ("安全模块故障", "SAM fault")
FLASH_FAULT = ("存储器故障", "Flash fault")
CALL_SERVICE = ("请联系维护人员", "Call service")
SERVICE = ("维护模式", "Service mode")
JOURNAL_FULL = ("记录已满", "Journal full")
PULL_FIRST = ("请先采集记录", "Collect records")

CLOSED = ("非营业时段", "Closed now")
PLEASE_WAIT = ("请稍候", "Please wait")
HOST_IS_AWAY = ("主机未联机", "Host is away")
HOST_IS_THERE = ("主机已联机", "Host is there")
MEAL = ("用餐", "Meal")
ENTER_DISH = ("请输入菜号", "Dish number")
NO_DISH = ("无此菜号", "No such dish")
PIN_NEEDED = ("请输入密码", "Enter PIN")

# The operator's menu.
MENU = ("操作菜单", "Menu")
OPERATOR = ("操作员号", "Operator")
WAIT_S = ("请等待 %d 秒", "Wait %d s")
BRIGHTNESS = ("亮度 %d", "Brightness %d")
WRONG_PIN = ("密码错误", "Wrong PIN")
STATUS = ("终端状态", "Status")
TOTALS = ("当班合计", "Shift totals")
LAST_RECORDS = ("最近记录", "Last records")
SHIFT_BEGIN = ("开班", "Begin shift")
SHIFT_END = ("交班", "End shift")
READER_TEST = ("读卡测试", "Reader test")
UNDO = ("撤销上一笔", "Undo last sale")
NOTHING = ("无可撤销", "Nothing to undo")
ON_TRIAL = ("新固件试运行", "Update on trial")
SAME_CARD = ("请刷原卡", "Tap that card")
NETWORK = ("网络状态", "Network")
HEARD = ("上次联机", "Heard last")
TAKEN = ("已采集至 %d", "Read up to %d")
UNREAD = ("未采集 %d", "Unread %d")
FREE = ("余量 %d KiB", "Free %d KiB")
HOTLIST_OF = ("黑名单 %d", "Hotlist %d")
MEMORY = ("内存 %d KiB", "RAM %d KiB")
SALES = ("消费 %d 笔", "Sales %d")
REFUNDS = ("撤销 %d 笔", "Undone %d")
LOADS = ("充值 %d 笔", "Loads %d")

# Museum.
WELCOME = ("欢迎参观", "Welcome")
PEOPLE = ("%d人", "%d pers.")
INSIDE = ("今日%d", "In %d")
GROUP_SIZE = ("请输入人数", "Group size")

# Bus.
DRIVER = ("司机号", "Driver")
OUTWARD = ("上行", "out")
BACK = ("下行", "back")
RIDERS = ("%d站 已乘%d", "Stop %d, %d on")
NO_TRIP = ("未发车 请刷卡", "No trip, tap")

# Top-up, pay-out, enquiry.
TOP_UP = ("充值", "Top-up")
PAY_OUT = ("补贴发放", "Pay-out")
NO_LIST = ("无有效名单", "No valid list")
ENQUIRY = ("查询", "Enquiry")
ACCOUNTS = {
    "transit": ("交通", "Transit"),
    "bank": ("金融", "Bank"),
    "social": ("社保", "Social"),
}
CARD_NUMBER = ("卡尾号 %s", "Card ..%s")
VALID_UNTIL = ("有效至", "Until")
IS_LISTED = ("已挂失", "Listed as lost")

# Library.
LIBRARY = ("图书馆", "Library")
PATRON = ("读者", "Patron")
PATRON_FIRST = ("请先刷读者卡", "Patron's card")
LEND = ("借书", "Lend")
RETURN = ("还书", "Return")
RENEW = ("续借", "Renew")
LOANS_OF = ("在借图书", "On loan")
ITEM = ("请扫条码", "Scan the item")
LENT = ("已借%d 扫条码", "%d lent, scan")
UPLOADED_LATER = ("待上传", "Kept")
FEE = ("欠费 %d.%02d", "Fee %d.%02d")

# Hotel.
CHECK_IN = ("入住登记", "Check-in")
SECOND_GUEST = ("同住登记", "Second guest")
CHECK_OUT = ("退房", "Check-out")
DEPOSIT = ("收押金", "Deposit")
ROOM = ("请输入房号", "Room number")
NO_ROOM = ("无此房号", "No such room")

# Clinic and pharmacy.
PRESCRIPTION = ("处方号", "Prescription")
PRESS_CONFIRM = ("按确认键开始", "Press confirm")

SEE_DESK = ("请到服务台办理", "See service desk")
OTHER_ONE = ("请换卡重试", "Use another card")
NOT_TAKEN = ("禁止使用", "Do not accept")

# outcome: (short code that staff know, "" for what is no refusal; first text, last text or None).
# Without a last text the card's balance stands there. docs/scenes.md explains the codes.
OUTCOMES = {
    outcomes.APPROVED: ("", ("支付成功", "Paid"), None),
    outcomes.LOADED: ("", ("充值成功", "Topped up"), None),
    outcomes.RESOLVED: ("", ("上次已扣款", "Paid last time"), None),
    outcomes.IDENTIFIED: ("", ("身份已核验", "Identity checked"), None),
    outcomes.HOLD_STILL: ("", ("读卡失败", "Read failed"), ("请重新刷卡", "Hold card still")),
    outcomes.TAP_AGAIN: (
        "",
        ("交易未完成", "Not finished"),
        ("请重刷同一张卡", "Same card again"),
    ),
    outcomes.PIN_NEEDED: ("", ("请输入密码", "Enter PIN"), None),
    outcomes.UNKNOWN_CARD: ("E01", ("无法识别此卡", "Unknown card"), None),
    outcomes.LOCKED: ("E02", ("卡应用已锁定", "Card is locked"), SEE_DESK),
    outcomes.NOT_HERE: (
        "E03",
        ("此卡未开通互通", "Not valid here"),
        ("限发卡城市使用", "Home city only"),
    ),
    outcomes.OVER_COUNT: ("E04", ("超过限定次数", "Over the count"), None),
    outcomes.OVER_TAP: ("E05", ("超过单笔限额", "Over tap limit"), None),
    outcomes.OVER_DAY: ("E06", ("超过当日限额", "Over day limit"), None),
    outcomes.CLOSED: ("E07", CLOSED, None),
    outcomes.OVER_MEAL: ("E22", ("超过本餐限额", "Over meal limit"), None),
    outcomes.NOT_LISTED: ("E23", ("未在名单内", "Not on the list"), None),
    outcomes.NO_SHIFT: ("E24", ("请先开班", "Begin a shift"), None),
    outcomes.REVIEW_DUE: ("E26", ("年审已过期", "Review overdue"), SEE_DESK),
    outcomes.OFFLINE: ("E25", ("需联机办理", "Needs the host"), ("请稍后再试", "Try again later")),
    outcomes.NOT_ENOUGH: ("E08", ("余额不足", "Balance too low"), None),
    outcomes.HOTLISTED: ("E09", ("卡已挂失", "Lost card"), NOT_TAKEN),
    outcomes.EXPIRED: ("E10", ("卡已过期", "Card expired"), ("请更换卡片", "Renew the card")),
    outcomes.NO_ACCOUNT: ("E11", ("此卡无所需账户", "No such account"), OTHER_ONE),
    outcomes.TEST_CARD: ("E12", ("测试卡", "Test card"), NOT_TAKEN),
    outcomes.OTHER_CARD: ("E13", ("不是同一张卡", "Another card"), ("请刷原卡", "Tap first card")),
    outcomes.TOO_SOON: ("E14", ("请勿重复进入", "Entered already"), None),
    outcomes.REPEATED: ("E15", ("请勿重复刷卡", "Do not tap twice"), None),
    outcomes.PIN_WRONG: ("E16", ("密码错误", "Wrong PIN"), ("请重新输入", "Enter it again")),
    outcomes.NOT_AUTHORISED: ("E17", ("未获授权", "Not authorised"), SEE_DESK),
    outcomes.CODE_EXPIRED: (
        "E18",
        ("二维码已失效", "Code expired"),
        ("请刷新后重试", "Refresh the code"),
    ),
    outcomes.CODE_WRONG: ("E19", ("二维码无效", "Code not valid"), None),
    outcomes.CARD_ERROR: ("E20", ("卡片错误", "Card error"), OTHER_ONE),
    outcomes.IN_DOUBT: (
        "E21",
        ("交易存疑已记录", "In doubt, noted"),
        ("请到服务台核对", "See service desk"),
    ),
    outcomes.JOURNAL_FULL: ("E90", JOURNAL_FULL, PULL_FIRST),
    outcomes.SAM_FAULT: ("E91", SAM_FAULT, CALL_SERVICE),
    outcomes.HOTLIST_OLD: ("E92", ("黑名单已过期", "Hotlist too old"), CALL_SERVICE),
    outcomes.NO_CLOCK: ("E93", ("时钟未设置", "Clock not set"), CALL_SERVICE),
}

# Characters of merchants' names that the screen can also show.
MERCHANT_CHARACTERS = (
    "第一二三四五六七八九十小中大学校食堂餐厅县市东西南北门园区实验机关幼儿职工"
    "图书馆博物文庙酒店宾旅社医院药房诊所公交路站街镇乡村人民政府服务中心"
    "早午晚夜宵点套餐米饭面条粉粥包子馒饺鸡鸭鱼肉牛羊猪虾蛋豆腐青白菜土茄红柿汤水果奶糖茶份加出能册"
)
