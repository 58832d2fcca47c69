// SPDX-License-Identifier: Apache-2.0
// What the page says, in each of its languages.

const english = {
  title: 'Phones of the APNs simulator',
  titleRinging: '📞 {caller} is calling…',
  heading: 'Phones',
  simulation: 'A simulation on your computer: not Apple’s service, not a real phone, no real call.',
  language: 'Language',
  soundOn: 'Sound on',
  soundOff: 'Sound off',
  soundIsOn: 'Sound is on',
  soundIsOff: 'Sound is off',
  soundIsBlocked: 'Sound is off: the browser wants a click first',
  soundIsMissing: 'This browser cannot play the ring tone',
  connecting: 'Connecting to the simulator…',
  connected: 'Connected to the simulator',
  gone: 'Simulator gone. Nothing can ring. The page comes back by itself when the simulator does.',
  goneShort: 'Simulator gone',
  placeCall: 'Place a call',
  callerName: 'Caller’s name',
  callerDefault: 'Li Lei',
  handle: 'Number or address',
  kind: 'Kind of call',
  voice: 'Voice',
  video: 'Video',
  ringSeconds: 'Ring time in seconds',
  to: 'To',
  toAll: 'all phones',
  toUser: 'all phones of {user}',
  call: 'Call',
  calls: 'Calls',
  noCalls: 'No call yet. Place one, or push to a phone’s token.',
  endCall: 'End call',
  endCallOf: 'End the call of {caller}: the caller hangs up',
  onTheWay: 'on the way',
  acceptedOnly: 'APNs accepted it; it rings nowhere',
  notDelivered: 'reached no phone yet',
  noName: 'Unknown caller',
  pushRejected: '{phone}: APNs answered {answer}',
  pushUnanswered: '{phone}: APNs did not answer ({reason})',
  addPhone: 'Add a phone',
  name: 'Name',
  user: 'User',
  userHint: 'Phones of one user stop ringing when one of them answers.',
  sandbox: 'Sandbox',
  withoutCallKit: 'Without CallKit: no VoIP pushes, rings by alerts',
  add: 'Add',
  optional: 'may be left empty',
  answers: 'What APNs answered',
  noAnswers: 'No push yet.',
  accepted: '200, accepted',
  unanswered: 'not answered: {reason}',
  unknownToken: 'unknown token',
  server: 'The simulator',
  production: 'Production',
  bundleId: 'Bundle id',
  teamId: 'Team id',
  keyId: 'Key id',
  phones: 'Phones',
  noPhones: 'No phone yet. Add one, or register one with the simulator.',
  screenOf: 'Screen of {phone}',
  screenBlack: 'App killed, screen black. A VoIP push wakes it.',
  screenBlackAlerts: 'App killed, screen black. Alerts show a banner and ring.',
  screenAlert: 'Ringing by alerts: the banner is all that is seen.',
  rangWithoutGap: 'The last call rang for {seconds} s without a gap.',
  rangWithGap: 'The last call rang for {seconds} s; the longest gap was {millis} ms.',
  screenLock: 'The app runs in the background.',
  screenApp: 'The app is open.',
  screenRinging: 'Ringing.',
  screenInCall: 'In a call.',
  screenOver: 'The call is over.',
  appName: 'Example app',
  appWaits: 'Waiting for calls',
  incomingVoice: 'Incoming voice call',
  incomingVideo: 'Incoming video call',
  inVoice: 'Voice call',
  inVideo: 'Video call, without a picture',
  answer: 'Answer',
  decline: 'Decline',
  hangUp: 'Hang up',
  answerCall: 'Answer the call of {caller} on {phone}',
  declineCall: 'Decline the call of {caller} on {phone}',
  hangUpCall: 'Hang up the call with {caller} on {phone}',
  alsoRinging: '{caller} is calling, too',
  alsoInCall: 'In a call with {caller}',
  announceVoice: 'Incoming voice call from {caller} on {phone}',
  announceVideo: 'Incoming video call from {caller} on {phone}',
  announceOver: '{phone}: {what}',
  stateRINGING: 'Ringing',
  stateANSWERED: 'Answered',
  stateDECLINED: 'Declined',
  stateANSWERED_ELSEWHERE: 'Answered elsewhere',
  stateDECLINED_ELSEWHERE: 'Declined elsewhere',
  stateENDED: 'Call ended',
  stateEXPIRED: 'Missed call',
  stateMissed: 'Missed call',
  airplane: 'Airplane mode',
  reportsCalls: 'App reports calls to CallKit',
  app: 'App',
  appOpen: 'Open',
  appLeave: 'Leave',
  appKill: 'Kill',
  appStateKilled: 'killed',
  appStateBackground: 'in the background',
  appStateForeground: 'open',
  missed: 'Missed calls ({count})',
  noMissed: 'None.',
  pushes: 'Pushes received ({count})',
  noPushes: 'None.',
  more: 'Tokens and more',
  voipToken: 'VoIP token',
  alertToken: 'Alert token',
  noToken: 'none, for it has no CallKit',
  rotateToken: 'New tokens',
  unregister: 'Remove the app',
  forgetHistory: 'Forget history',
  noCallKit: 'without CallKit',
  latency: '{millis} ms from APNs to the phone',
  verdict: 'PushKit’s verdict',
  headers: 'Headers',
  payload: 'Payload',
  verdictRANG: 'rang',
  verdictREPEATED: 'repeated',
  verdictENDED_AT_ONCE: 'ended at once',
  verdictAPP_KILLED: 'app killed',
  verdictWITHHELD: 'withheld',
  verdictNOTIFICATION: 'notification',
  meansRANG: 'The push woke the app, the app reported the call to CallKit, and the phone rang.',
  meansREPEATED: 'The app has this call already, so nothing changed.',
  meansENDED_AT_ONCE: 'The app reported the call, as it must, and ended it at once.',
  meansAPP_KILLED: 'The app did not report a call to CallKit, so iOS killed it.',
  meansWITHHELD: 'iOS keeps VoIP pushes from an app that failed to report calls too often.',
  meansNOTIFICATION: 'Not a VoIP push: iOS shows a notification.',
  failed: 'That did not work: {error}',
};

const chinese = {
  title: 'APNs 模拟器的手机',
  titleRinging: '📞 {caller} 来电…',
  heading: '手机',
  simulation: '这是您电脑上的模拟：不是 Apple 的服务，不是真手机，也没有真实通话。',
  language: '语言',
  soundOn: '打开声音',
  soundOff: '关闭声音',
  soundIsOn: '声音已打开',
  soundIsOff: '声音已关闭',
  soundIsBlocked: '没有声音：浏览器要求先点击一下',
  soundIsMissing: '此浏览器无法播放铃声',
  connecting: '正在连接模拟器…',
  connected: '已连接模拟器',
  gone: '模拟器已断开，不会再响铃。模拟器恢复后，本页会自动重新连接。',
  goneShort: '模拟器已断开',
  placeCall: '拨打电话',
  callerName: '来电人姓名',
  callerDefault: '李雷',
  handle: '号码或地址',
  kind: '通话类型',
  voice: '语音',
  video: '视频',
  ringSeconds: '响铃时间（秒）',
  to: '拨给',
  toAll: '所有手机',
  toUser: '{user} 的所有手机',
  call: '呼叫',
  calls: '通话',
  noCalls: '还没有通话。请拨打一个，或向手机的令牌发送推送。',
  endCall: '结束通话',
  endCallOf: '结束 {caller} 的通话：来电人挂断',
  onTheWay: '正在发送',
  acceptedOnly: 'APNs 已接受，没有手机响铃',
  notDelivered: '尚未到达任何手机',
  noName: '未知来电人',
  pushRejected: '{phone}：APNs 回答 {answer}',
  pushUnanswered: '{phone}：APNs 没有回答（{reason}）',
  addPhone: '添加手机',
  name: '名称',
  user: '用户',
  userHint: '同一用户的手机，一台接听后其余停止响铃。',
  sandbox: '沙盒环境',
  withoutCallKit: '不用 CallKit：没有 VoIP 推送，用提醒响铃',
  add: '添加',
  optional: '可以留空',
  answers: 'APNs 的回答',
  noAnswers: '还没有推送。',
  accepted: '200，已接受',
  unanswered: '没有回答：{reason}',
  unknownToken: '未知令牌',
  server: '模拟器',
  production: '生产环境',
  bundleId: '应用标识（Bundle ID）',
  teamId: '团队 ID',
  keyId: '密钥 ID',
  phones: '手机',
  noPhones: '还没有手机。请添加一台，或在模拟器中注册一台。',
  screenOf: '{phone} 的屏幕',
  screenBlack: '应用已被关闭，黑屏。VoIP 推送会将其唤醒。',
  screenBlackAlerts: '应用已被关闭，黑屏。提醒会显示横幅并响铃。',
  screenAlert: '提醒响铃：只能看到横幅。',
  rangWithoutGap: '上一次来电响铃 {seconds} 秒，没有间断。',
  rangWithGap: '上一次来电响铃 {seconds} 秒，最长间断 {millis} 毫秒。',
  screenLock: '应用在后台运行。',
  screenApp: '应用已打开。',
  screenRinging: '正在响铃。',
  screenInCall: '通话中。',
  screenOver: '通话已结束。',
  appName: '示例应用',
  appWaits: '等待来电',
  incomingVoice: '语音来电',
  incomingVideo: '视频来电',
  inVoice: '语音通话',
  inVideo: '视频通话（没有画面）',
  answer: '接听',
  decline: '拒绝',
  hangUp: '挂断',
  answerCall: '在 {phone} 上接听 {caller} 的来电',
  declineCall: '在 {phone} 上拒绝 {caller} 的来电',
  hangUpCall: '在 {phone} 上挂断与 {caller} 的通话',
  alsoRinging: '{caller} 也在来电',
  alsoInCall: '正在与 {caller} 通话',
  announceVoice: '{phone}：{caller} 的语音来电',
  announceVideo: '{phone}：{caller} 的视频来电',
  announceOver: '{phone}：{what}',
  stateRINGING: '正在响铃',
  stateANSWERED: '已接听',
  stateDECLINED: '已拒绝',
  stateANSWERED_ELSEWHERE: '已在其他设备上接听',
  stateDECLINED_ELSEWHERE: '已在其他设备上拒绝',
  stateENDED: '通话已结束',
  stateEXPIRED: '未接来电',
  stateMissed: '未接来电',
  airplane: '飞行模式',
  reportsCalls: '应用向 CallKit 报告来电',
  app: '应用',
  appOpen: '打开',
  appLeave: '离开',
  appKill: '关闭',
  appStateKilled: '已被关闭',
  appStateBackground: '在后台',
  appStateForeground: '已打开',
  missed: '未接来电（{count}）',
  noMissed: '无。',
  pushes: '收到的推送（{count}）',
  noPushes: '无。',
  more: '令牌及其他',
  voipToken: 'VoIP 令牌',
  alertToken: '提醒令牌',
  noToken: '没有，因为不用 CallKit',
  rotateToken: '更换令牌',
  unregister: '删除应用',
  forgetHistory: '清除记录',
  noCallKit: '不用 CallKit',
  latency: '从 APNs 到手机 {millis} 毫秒',
  verdict: 'PushKit 的判定',
  headers: '请求头',
  payload: '内容',
  verdictRANG: '已响铃',
  verdictREPEATED: '重复',
  verdictENDED_AT_ONCE: '立即结束',
  verdictAPP_KILLED: '应用被终止',
  verdictWITHHELD: '被扣留',
  verdictNOTIFICATION: '通知',
  meansRANG: '推送唤醒了应用，应用向 CallKit 报告了来电，手机响铃。',
  meansREPEATED: '应用已经有这个通话，没有变化。',
  meansENDED_AT_ONCE: '应用按要求报告了来电，并立即结束。',
  meansAPP_KILLED: '应用没有向 CallKit 报告来电，被 iOS 终止。',
  meansWITHHELD: '应用多次没有报告来电，iOS 不再向它投递 VoIP 推送。',
  meansNOTIFICATION: '不是 VoIP 推送：iOS 显示一条通知。',
  failed: '操作失败：{error}',
};

const languages = { en: english, zh: chinese };
const STORED_AS = 'voip-push-simulator.language';
const PLACEHOLDER = /\{(\w+)\}/g;

let language = remembered() ?? (navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en');

/** "en" or "zh". */
export function currentLanguage() {
  return language;
}

/** Changes the language, and remembers it in this browser. */
export function chooseLanguage(chosen) {
  language = chosen;
  try {
    localStorage.setItem(STORED_AS, chosen);
  } catch {
    // a browser that keeps nothing: the language lasts as long as the page
  }
}

/** The text with this name; {x} in it is replaced by values.x. */
export function text(name, values = {}) {
  return languages[language][name].replace(PLACEHOLDER, (all, key) => values[key]);
}

/** Fills in all elements below this one that have a text's name as data-text, -label or -hint. */
export function translate(root) {
  for (const element of root.querySelectorAll('[data-text]')) {
    element.textContent = text(element.dataset.text);
  }
  for (const element of root.querySelectorAll('[data-label]')) {
    element.setAttribute('aria-label', text(element.dataset.label));
  }
  for (const element of root.querySelectorAll('[data-hint]')) {
    element.placeholder = text(element.dataset.hint);
  }
}

/** A time of day, to the second. */
export function time(epochMillis) {
  return new Date(epochMillis).toLocaleTimeString(locale(), { hour12: false });
}

/** What a phone's clock shows. */
export function clock(now) {
  return now.toLocaleTimeString(locale(), { hour: '2-digit', minute: '2-digit', hour12: false });
}

/** What stands below it. */
export function date(now) {
  return now.toLocaleDateString(locale(), { weekday: 'long', month: 'long', day: 'numeric' });
}

function locale() {
  return language === 'zh' ? 'zh-CN' : 'en-GB';
}

function remembered() {
  try {
    const stored = localStorage.getItem(STORED_AS);
    return stored in languages ? stored : null;
  } catch {
    return null;
  }
}
